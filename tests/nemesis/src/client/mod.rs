//! What holds tokens: owners, thieves, and those who knock after they have left.

mod ask;
mod ghost;
mod owner;
mod thief;
mod tokens;

pub(crate) use self::owner::Owner;
