//! Two sides of a comparison, measured in turns.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};

/// One thing that both sides do.
pub(crate) struct Case {
    name: String,
    /// Ours, and the one it is measured against.
    sides: [Box<dyn Fn()>; 2],
    /// Operations in a batch, so that one takes about a quarter of a millisecond.
    batch: u32,
    rounds: RefCell<Vec<[Duration; 2]>>,
}

impl Case {
    pub(crate) fn new(name: &str, ours: impl Fn() + 'static, other: impl Fn() + 'static) -> Self {
        let begun = Instant::now();
        let mut done = 0;
        while begun.elapsed() < Duration::from_millis(2) {
            ours();
            done += 1;
        }
        let (sides, batch): ([Box<dyn Fn()>; 2], u32) = ([Box::new(ours), Box::new(other)], (done / 8).max(1));
        Self { name: name.into(), sides, batch, rounds: RefCell::default() }
    }

    /// One batch through each side; they take turns at being the first.
    fn round(&self, turn: u64) -> [Duration; 2] {
        let mut times = [Duration::ZERO; 2];
        for place in 0..2 {
            let side = (turn as usize + place) % 2;
            let begun = Instant::now();
            (0..self.batch).for_each(|_| self.sides[side]());
            times[side] = begun.elapsed();
        }
        self.rounds.borrow_mut().push(times);
        times
    }
}

/// Runs the cases, and prints a table of them; at its end their sum and geometric mean.
pub(crate) fn measure(title: &str, cases: &[Case], summed: bool) {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group(title);
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
    for case in cases {
        group.bench_function(&case.name, |bencher| {
            bencher.iter_custom(|iterations| (0..iterations).map(|turn| case.round(turn)[0]).sum());
        });
    }
    group.finish();
    criterion.final_summary();
    if std::env::args().any(|argument| argument == "--bench") {
        report(title, cases, summed);
    }
}

fn report(title: &str, cases: &[Case], summed: bool) {
    println!(
        "\n{title}\n\n| case | against | ours | time ratio, median | 10th–90th percentile |\n|---|---:|---:|---:|---:|"
    );
    let (mut sums, mut logarithms, mut count) = ([0.0; 2], 0.0, 0.0f64);
    for case in cases {
        let rounds = case.rounds.borrow();
        if rounds.is_empty() {
            continue;
        }
        let sorted = |value: &dyn Fn(&[Duration; 2]) -> f64| {
            let mut values: Vec<f64> = rounds.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let nanoseconds =
            |side: usize| quantile(&sorted(&|round| round[side].as_secs_f64()), 0.5) * 1e9 / f64::from(case.batch);
        let ratios = sorted(&|round| round[0].as_secs_f64() / round[1].as_secs_f64());
        let (ours, other) = (nanoseconds(0), nanoseconds(1));
        let [tenth, median, ninetieth] = [0.1, 0.5, 0.9].map(|at| quantile(&ratios, at));
        sums = [sums[0] + ours, sums[1] + other];
        logarithms += median.ln();
        count += 1.0;
        println!("| {} | {other:.0} ns | {ours:.0} ns | {median:.2} | {tenth:.2}–{ninetieth:.2} |", case.name);
    }
    if summed {
        println!("| all, summed | {:.0} ns | {:.0} ns | **{:.2}** | |", sums[1], sums[0], sums[0] / sums[1]);
        println!("| all, geometric mean | | | **{:.2}** | |", (logarithms / count).exp());
    }
}

fn quantile(sorted: &[f64], at: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * at).round() as usize]
}
