//! The guard against cycles. The rules themselves have cases under `tests/cases/build/order`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::{Edge, reaches, without_cycles};

/// Resources by what they already wait for.
fn before(said: &[&[usize]]) -> Vec<Vec<usize>> {
    said.iter().map(|all| all.to_vec()).collect()
}

fn taken(said: &[&[usize]], wanted: &[Edge]) -> Vec<Edge> {
    let taken = without_cycles(before(said), wanted);
    let mut all = before(said);
    taken.iter().for_each(|(from, to)| all[*from].push(*to));
    let round = |(from, to): &Edge| reaches(&all, *to, *from);
    assert!(!taken.iter().any(round), "what was added closes no cycle");
    taken
}

#[test]
fn what_is_said_is_not_said_again() {
    assert_eq!(taken(&[&[], &[0], &[]], &[(1, 0), (2, 0)]), [(2, 0)]);
}

#[test]
fn an_order_that_would_close_a_cycle_is_left_out() {
    // A policy (1) that names the function (0): the function cannot wait for it.
    assert_eq!(taken(&[&[], &[0]], &[(0, 1)]), []);
    // Through another: 0 <- 1 <- 2.
    assert_eq!(taken(&[&[], &[0], &[1]], &[(0, 2)]), []);
}

#[test]
fn the_others_stay() {
    assert_eq!(taken(&[&[], &[0], &[], &[]], &[(0, 1), (2, 3), (3, 0)]), [(2, 3), (3, 0)]);
    // After a cycle, but not on one.
    assert_eq!(taken(&[&[], &[0], &[1], &[1]], &[(0, 1), (2, 3)]), [(2, 3)]);
}

#[test]
fn of_two_orders_against_each_other_the_first_holds() {
    assert_eq!(taken(&[&[], &[]], &[(0, 1), (1, 0)]), [(0, 1)]);
}

#[test]
fn a_cycle_of_the_program_is_not_made_worse() {
    assert_eq!(taken(&[&[1], &[0], &[]], &[(0, 2), (2, 0)]), [(0, 2)]);
}

#[test]
fn chance_finds_no_cycle() {
    // A linear congruential generator, so that the test repeats.
    let mut seed = 1u64;
    let mut next = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    for _ in 0..500 {
        let n = 2 + next(8);
        let said: Vec<Vec<usize>> = (0..n).map(|i| (0..i).filter(|_| next(4) == 0).collect()).collect();
        let mut wanted: Vec<Edge> = (0..next(12)).map(|_| (next(n), next(n))).filter(|(a, b)| a != b).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let said: Vec<&[usize]> = said.iter().map(Vec::as_slice).collect();
        taken(&said, &wanted);
    }
}
