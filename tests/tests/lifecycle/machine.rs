//! The model and the code, step by step.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use peer_userspace::{lifecycle::State, model::Moment};
use proptest::{prelude::*, strategy::Union, test_runner::Config};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::{
    commands::{Command, Disturbance, Step},
    generate, invariants,
    model::Model,
    reasons, restart,
    system::{System, label},
    universe::{CONSENTS, NETWORKS},
};

/// Steps the longest a story has.
const LENGTH: usize = 50;

static STEPS: AtomicUsize = AtomicUsize::new(0);

/// How often each state was seen, so that nothing is proved of what never was.
static SEEN: Mutex<BTreeMap<State, usize>> = Mutex::new(BTreeMap::new());

/// A model after its last step, which the code has yet to take.
#[derive(Clone)]
pub(crate) struct Reference {
    pub(crate) before: Box<Model>,
    pub(crate) model: Model,
}

/// What there was at first; the steps say the rest.
impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.model.limits)?;
        for (number, network) in &self.model.networks {
            writeln!(f, "{} {network:?}", NETWORKS[*number])?;
        }
        Ok(())
    }
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let beginning = generate::beginning().prop_map(|model| Self {
            before: Box::new(model.clone()),
            model,
        });
        beginning.boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Step> {
        Union::new([generate::step(&state.model).boxed()]).boxed()
    }

    fn apply(state: Self, step: &Step) -> Self {
        let mut model = state.model.clone();
        model.take(step);
        Self {
            before: Box::new(state.model),
            model,
        }
    }
}

struct Lifecycle;

impl StateMachineTest for Lifecycle {
    type SystemUnderTest = System;
    type Reference = Reference;

    fn init_test(reference: &Reference) -> System {
        let model = &reference.model;
        let mut system = System::new(model.limits);
        system.declare(model, &[]);
        system.look(&BTreeSet::new(), moment(model));
        system.learn(model);
        system
    }

    fn apply(mut system: System, reference: &Reference, step: Step) -> System {
        let (before, model) = (&reference.before, &reference.model);
        let mut renewed = Vec::new();
        // What a command finds depends on those before it.
        let mut told = before.clone();
        for command in &step.commands {
            if told.can(command) {
                match command {
                    Command::Reject(slot) => system.reject(*slot, moment(model)),
                    Command::RenewNetwork(network) => renewed.push(*network),
                    _ => {}
                }
                told.act(command);
            }
        }
        system.declare(model, &renewed);
        match step.disturbance {
            Disturbance::Nothing => {}
            Disturbance::Shuffle(seed) => restart::shuffle(&mut system, seed),
            Disturbance::Restart => restart::restart(&mut system),
        }
        system.look(&model.in_kernel, moment(model));
        system.learn(model);
        invariants::of_the_step(&system, before, model, &step);
        STEPS.fetch_add(1, Ordering::Relaxed);
        let mut seen = SEEN.lock().expect("no other test counts");
        for verdict in model.verdicts.values() {
            *seen.entry(verdict.state).or_default() += 1;
        }
        system
    }

    fn check_invariants(system: &System, reference: &Reference) {
        let model = &reference.model;
        as_the_model_says(system, model);
        invariants::of_the_moment(system, model);
        reasons::tell_nothing_of_others(system, model);
    }
}

/// The time of a model's last look.
pub(crate) fn moment(model: &Model) -> Moment {
    Moment {
        wall: model.wall,
        host: model.now,
    }
}

/// Every state, when it ends, and who carries traffic.
pub(crate) fn as_the_model_says(system: &System, model: &Model) {
    let states = &system.plan.states;
    let listed: Vec<String> = states.consents.keys().map(ToString::to_string).collect();
    let expected: Vec<&str> = model.verdicts.keys().map(|slot| CONSENTS[*slot]).collect();
    assert_eq!(listed, expected, "the consents that are listed");
    for (status, (slot, verdict)) in states.consents.values().zip(&model.verdicts) {
        assert_eq!(
            (status.state, status.until),
            (verdict.state, verdict.until),
            "{}: {:?}, {:?} by the model",
            CONSENTS[*slot],
            status,
            verdict
        );
    }
    let carrying: BTreeSet<_> = states.carrying().cloned().collect();
    let expected: BTreeSet<_> = model.carrying.iter().map(|pair| label(*pair)).collect();
    assert_eq!(carrying, expected, "the pairs that carry traffic");
}

/// As many stories as a test run has time for.
fn config() -> Config {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 400;
    }
    config.failure_persistence = None;
    config
}

prop_state_machine! {
    #![proptest_config(config())]

    fn one_story_of_many_steps(sequential 1..LENGTH => Lifecycle);
}

#[test]
fn every_step_of_random_stories_ends_as_the_contract_says() {
    one_story_of_many_steps();
    let steps = STEPS.load(Ordering::Relaxed);
    let seen = SEEN.lock().expect("no test counts any more");
    eprintln!("steps: {steps}, states: {seen:?}");
    for state in State::ALL {
        let often = seen.get(&state).copied().unwrap_or_default();
        assert!(
            often * 200 >= steps,
            "{state} {often} times in {steps} steps"
        );
    }
}
