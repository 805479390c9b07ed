//! The rules one by one, and all of them through a simulated week.

mod provider;
mod random;
mod rules;
mod week;
mod world;
