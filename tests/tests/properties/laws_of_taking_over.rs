//! What holds of a table that is made from the one before.

use peer_userspace::compile::{Compiled, ForwardingTable, Ids, compile, recompile};
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{
    generate::{Edit, edit, world},
    laws::config,
    world::{Moment, World},
};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_table_that_is_made_from_the_one_before_is_the_same_as_one_made_from_nothing(
        world in world(),
        steps in vec(vec(edit(), 0..3), 1..6),
        broken in vec(any::<bool>(), 6),
    ) {
        let worlds = worlds(&world, &steps);
        let mut known: Option<(Moment<'_>, Compiled)> = None;
        let mut content = ForwardingTable::default();
        let mut ids = Ids::default();
        for (world, broken) in worlds.iter().zip(broken) {
            let moment = world.moment(&ids, &content);
            let before = known.as_ref().map(|(then, made)| (then.inputs(), made));
            let made = recompile(moment.inputs(), before);
            prop_assert_eq!(&made.table, &compile(moment.inputs()));
            ids.clone_from(&moment.ids);
            // Groups are known as far as the kernel holds them.
            if !broken {
                content.clone_from(&made.table);
            }
            ids.groups.clone_from(&content.groups);
            known = Some((moment, made));
        }
    }
}

/// The law would hold as well of tables that are made from nothing every time.
#[test]
fn most_of_what_did_not_change_is_taken_over() {
    let mut runner = TestRunner::deterministic();
    let (mut taken, mut all) = (0, 0);
    for _ in 0..200 {
        let drawn = (world(), vec(vec(edit(), 1), 3)).new_tree(&mut runner);
        let (world, steps) = drawn.expect("a world").current();
        let worlds = worlds(&world, &steps);
        for pair in worlds.windows(2) {
            let then = pair[0].moment(&Ids::default(), &ForwardingTable::default());
            let before = recompile(then.inputs(), None);
            let mut ids = then.ids.clone();
            ids.groups.clone_from(&before.table.groups);
            let now = pair[1].moment(&ids, &before.table);
            let after = recompile(now.inputs(), Some((then.inputs(), &before)));
            for (id, fib) in &after.table.fibs {
                let same = before.table.fibs.get(id).filter(|before| *before == fib);
                all += usize::from(same.is_some());
                taken += usize::from(same.is_some_and(|before| before.ptr_eq(fib)));
            }
        }
    }
    println!("{taken} of {all} tables that did not change were taken over");
    assert!(2 * taken > all, "{taken} of {all}");
}

fn worlds(first: &World, steps: &[Vec<Edit>]) -> Vec<World> {
    let mut worlds = vec![first.clone()];
    for edits in steps {
        let mut next = worlds[worlds.len() - 1].clone();
        edits.iter().for_each(|edit| edit.apply(&mut next));
        worlds.push(next);
    }
    worlds
}
