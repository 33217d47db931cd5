//! Random ids, told apart by their first digits already: other systems' ids of the same
//! objects have no more (`vpc-1a2b3c4d`).

use uuid::Uuid;

/// The first eight hexadecimal digits of an id.
pub fn short(uid: Uuid) -> u32 {
    uid.as_fields().0
}

/// The first of `random`'s ids whose short form is not `taken`.
pub fn fresh(taken: impl Fn(u32) -> bool, random: &mut dyn FnMut() -> Uuid) -> Uuid {
    loop {
        let uid = random();
        if !taken(short(uid)) {
            return uid;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_is_what_the_id_begins_with() {
        let uid: Uuid = "0a1b2c3d-7d0b-4a39-9d4f-0a3a5f0e1b2c".parse().unwrap();
        assert_eq!(format!("{:08x}", short(uid)), "0a1b2c3d");
    }

    #[test]
    fn an_id_that_begins_as_another_does_is_thrown_again() {
        let mut thrown = ["0a1b2c3d-0000", "0a1b2c3d-0001", "0a1b2c3e-0000"]
            .map(|first| format!("{first}-4a39-9d4f-0a3a5f0e1b2c").parse().unwrap())
            .into_iter();
        let uid = fresh(|short| short == 0x0a1b_2c3d, &mut || thrown.next().unwrap());
        assert_eq!(short(uid), 0x0a1b_2c3e);
    }
}
