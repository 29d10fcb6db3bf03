#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| infra_fuzz::PARSE(bytes));

fuzz_mutator!(|bytes: &mut [u8], size: usize, largest: usize, seed: u32| {
    infra_fuzz::mutate::mutate(bytes, size, largest, seed)
});
