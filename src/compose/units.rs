//! Units of compose files: durations, sizes of memory; the sizes that Fargate has.

/// Seconds of `1h5m30s20ms`, rounded up.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut milliseconds = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(end);
        let number: f64 = number.parse().ok()?;
        let (unit, after) = [("ms", 1.0), ("us", 0.001), ("h", 3_600_000.0), ("m", 60_000.0), ("s", 1000.0)]
            .into_iter()
            .find_map(|(unit, of)| behind.strip_prefix(unit).map(|after| (of, after)))?;
        milliseconds += number * unit;
        rest = after;
    }
    (!text.is_empty()).then(|| whole((milliseconds / 1000.0).ceil()))?
}

/// MiB of `512m`, `1gb`, `1073741824`, rounded up.
pub(super) fn mebibytes(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let bytes = match unit.trim_start() {
        "" | "b" => 1.0,
        "k" | "kb" => 1024.0,
        "m" | "mb" => 1024.0 * 1024.0,
        "g" | "gb" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    whole((number * bytes / (1024.0 * 1024.0)).ceil())
}

/// CPU units of `0.25`: a processor has 1024.
pub(super) fn cpu_units(text: &str) -> Option<i64> {
    whole((text.trim().parse::<f64>().ok()? * 1024.0).ceil())
}

/// A number without a fraction, within what any of these may be.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "within the range that is asked for just before")]
    (0.0..=1e9).contains(&number).then_some(number as i64)
}

/// Sizes of tasks: CPU units, least and most MiB, and the steps between them. `std::fargate_service` has the same.
/// Fact: "Task definition parameters for Fargate", Task CPU and memory.
const SIZES: [(i64, i64, i64, i64); 7] = [
    (256, 512, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

/// The smallest task on Fargate that has as many CPU units and MiB; `None` where none is as large.
pub(super) fn fargate(cpu: i64, memory: i64) -> Option<(i64, i64)> {
    SIZES.into_iter().filter(|(units, _, most, _)| cpu <= *units && memory <= *most).find_map(
        |(units, least, most, step)| {
            // The smallest one has half a GiB too.
            let steps =
                std::iter::once(least).chain((1..).map(|at| if units == 256 { at * step } else { least + at * step }));
            let size = steps.take_while(|size| *size <= most).find(|size| memory <= *size)?;
            Some((units, size))
        },
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{cpu_units, fargate, mebibytes, seconds};

    #[test]
    fn durations_are_seconds() {
        for (text, seconds_of) in [("1m30s", 90), ("500ms", 1), ("10s", 10), ("1h", 3600), ("1.5m", 90)] {
            assert_eq!(seconds(text), Some(seconds_of), "{text}");
        }
        for text in ["", "10", "s", "10x", "-1s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_those_of_fargate() {
        assert_eq!(mebibytes("512m"), Some(512));
        assert_eq!(mebibytes("1gb"), Some(1024));
        assert_eq!(mebibytes("1x"), None);
        assert_eq!(cpu_units("0.25"), Some(256));
        for ((cpu, memory), size) in [
            ((0, 0), Some((256, 512))),
            ((256, 513), Some((256, 1024))),
            ((256, 2049), Some((512, 3072))),
            ((1000, 100), Some((1024, 2048))),
            ((4096, 30000), Some((4096, 30720))),
            ((8192, 17000), Some((8192, 20480))),
            ((16385, 1), None),
        ] {
            assert_eq!(fargate(cpu, memory), size, "{cpu} {memory}");
        }
    }
}
