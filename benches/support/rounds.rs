//! Comparisons whose sides are measured in turns.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput};

/// Returns `true` if the bench is measuring. Without `--bench` criterion runs everything once, as a test.
pub fn is_measuring() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// One operation that both sides perform.
pub struct Case {
    name: String,
    /// `cqhttp` and the reference.
    sides: [Box<dyn Fn()>; 2],
    /// The operations in a batch, which takes about a quarter of a millisecond.
    batch: u32,
    rounds: RefCell<Vec<[Duration; 2]>>,
}

impl Case {
    /// Creates a case, and runs `ours` for a moment to find the size of a batch.
    pub fn new(name: &str, ours: impl Fn() + 'static, other: impl Fn() + 'static) -> Self {
        let begun = Instant::now();
        let mut done = 0;
        while begun.elapsed() < Duration::from_millis(2) {
            ours();
            done += 1;
        }
        let (sides, batch): ([Box<dyn Fn()>; 2], u32) = ([Box::new(ours), Box::new(other)], (done / 8).max(1));
        Self { name: name.into(), sides, batch, rounds: RefCell::default() }
    }

    /// Runs one batch through each side. The sides take turns at being first.
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

/// Runs the cases and prints a table of them. If `summed`, the table ends with their sum and geometric mean.
pub fn measure(title: &str, cases: &[Case], summed: bool) {
    let criterion = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(100));
    let mut criterion = criterion.measurement_time(Duration::from_millis(400)).configure_from_args();
    let mut group = criterion.benchmark_group(title);
    group.sampling_mode(SamplingMode::Flat);
    for case in cases {
        group.bench_function(&case.name, |bencher| {
            bencher.iter_custom(|iterations| (0..iterations).map(|turn| case.round(turn)[0]).sum());
        });
    }
    group.finish();
    criterion.final_summary();
    if is_measuring() {
        report(title, cases, summed);
    }
}

fn report(title: &str, cases: &[Case], summed: bool) {
    println!(
        "\n{title}\n\n| case | against | ours | time ratio, median | 10th–90th percentile |\n|---|---:|---:|---:|---:|"
    );
    let measured: Vec<_> = cases.iter().filter_map(|case| Some((case, case.measured()?))).collect();
    for (case, Measured { times: [ours, other], ratios: [tenth, median, ninetieth] }) in &measured {
        println!("| {} | {other:.0} ns | {ours:.0} ns | {median:.2} | {tenth:.2}–{ninetieth:.2} |", case.name);
    }
    if summed {
        let measured: Vec<_> = measured.into_iter().map(|(_, measured)| measured).collect();
        let [ours, other] = sums(&measured);
        println!("| all, summed | {other:.0} ns | {ours:.0} ns | **{:.2}** | |", ours / other);
        println!("| all, geometric mean | | | **{:.2}** | |", geometric_mean(&measured));
    }
}

/// Prints a table of measured cases that has one row for all cases with the same `group`, which must follow one another.
pub fn report_groups(title: &str, cases: &[Case], group: impl Fn(&str) -> &str) {
    if !is_measuring() {
        return;
    }
    println!(
        "\n| {title} | cases | against, mean | ours, mean | ratio, geometric mean | lowest–highest case |\n\
         |---|---:|---:|---:|---:|---:|"
    );
    for cases in cases.chunk_by(|a, b| group(&a.name) == group(&b.name)) {
        let measured: Vec<_> = cases.iter().filter_map(Case::measured).collect();
        if measured.is_empty() {
            continue;
        }
        let (name, count) = (group(&cases[0].name), measured.len());
        let [ours, other] = sums(&measured).map(|sum| sum / count as f64);
        let medians = sorted(&measured, |case| case.ratios[1]);
        let (mean, lowest, highest) = (geometric_mean(&measured), medians[0], medians[count - 1]);
        println!("| `{name}` | {count} | {other:.0} ns | {ours:.0} ns | {mean:.2} | {lowest:.2}–{highest:.2} |");
    }
}

/// The times and ratios of a case.
struct Measured {
    /// The median time of an operation in nanoseconds, of `cqhttp` and of the reference.
    times: [f64; 2],
    /// The 10th percentile, the median and the 90th percentile of the ratios.
    ratios: [f64; 3],
}

impl Case {
    /// Returns `None` if the case was not run.
    fn measured(&self) -> Option<Measured> {
        let rounds = self.rounds.borrow();
        if rounds.is_empty() {
            return None;
        }
        let time = |side: usize| {
            quantile(&sorted(&rounds, |round| round[side].as_secs_f64()), 0.5) * 1e9 / f64::from(self.batch)
        };
        let ratios = sorted(&rounds, |round| round[0].as_secs_f64() / round[1].as_secs_f64());
        Some(Measured { times: [time(0), time(1)], ratios: [0.1, 0.5, 0.9].map(|at| quantile(&ratios, at)) })
    }
}

fn sums(measured: &[Measured]) -> [f64; 2] {
    [0, 1].map(|side| measured.iter().map(|case| case.times[side]).sum())
}

fn geometric_mean(measured: &[Measured]) -> f64 {
    let logarithms: f64 = measured.iter().map(|case| case.ratios[1].ln()).sum();
    (logarithms / measured.len() as f64).exp()
}

/// A load over a network that each side carries: `cqhttp` first, then the references.
pub struct Race<const SIDES: usize> {
    /// The operation.
    pub what: &'static str,
    /// The number of calls in flight at once.
    pub in_flight: Option<usize>,
    /// The number of operations in a batch.
    pub operations: usize,
    rounds: Vec<[Duration; SIDES]>,
}

impl<const SIDES: usize> Race<SIDES> {
    /// Creates a race that has not been run.
    pub fn new(what: &'static str, in_flight: Option<usize>, operations: usize) -> Self {
        Self { what, in_flight, operations, rounds: Vec::new() }
    }

    /// Runs the race. For criterion each side is a separate benchmark whose samples are whole rounds; `start` prepares
    /// one, and `batch` runs one batch through one side.
    pub fn run<B>(
        mut self,
        criterion: &mut Criterion,
        sides: [&'static str; SIDES],
        start: impl Fn() -> B,
        batch: impl Fn(&B, usize) -> Duration,
    ) -> Self {
        let rounds = RefCell::new(Vec::new());
        let in_flight = self.in_flight.map(|calls| format!("/{calls} in flight")).unwrap_or_default();
        let mut group = criterion.benchmark_group(format!("{}{in_flight}", self.what));
        group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(self.operations as u64));
        for (side, name) in sides.into_iter().enumerate() {
            let mut bench = None;
            group.bench_function(name, |bencher| {
                let bench = bench.get_or_insert_with(&start);
                bencher.iter_custom(|iterations| {
                    let turn = rounds.borrow().len();
                    let taken =
                        (turn..turn + iterations as usize).map(|turn| one_round(turn, |side| batch(bench, side)));
                    let taken: Vec<[Duration; SIDES]> = taken.collect();
                    let time = taken.iter().map(|times| times[side]).sum();
                    rounds.borrow_mut().extend(taken);
                    time
                });
            });
        }
        group.finish();
        self.rounds = rounds.into_inner();
        self
    }
}

/// Runs one batch through each side. The sides take turns at being first.
fn one_round<const SIDES: usize>(turn: usize, batch: impl Fn(usize) -> Duration) -> [Duration; SIDES] {
    let mut times = [Duration::ZERO; SIDES];
    for place in 0..SIDES {
        let side = (turn + place) % SIDES;
        times[side] = batch(side);
    }
    times
}

/// Returns criterion with the times of races, which the command line may change.
pub fn criterion() -> Criterion {
    let criterion = Criterion::default().sample_size(50).warm_up_time(Duration::from_secs(1));
    criterion.measurement_time(Duration::from_secs(6)).configure_from_args()
}

/// Prints the operations per second of each side, and the ratio of `cqhttp` to each reference.
pub fn report_rates<const SIDES: usize>(sides: [&str; SIDES], races: &[Race<SIDES>]) {
    println!(
        "\n| what | in flight | against | its, a second | {}, a second | ratio, median | 95 % interval of the median \
         | 10th–90th percentile | rounds |\n|---|---:|---|---:|---:|---:|---:|---:|---:|",
        sides[0]
    );
    for Race { what, in_flight, operations, rounds } in races.iter().filter(|race| !race.rounds.is_empty()) {
        let rate = |side: usize| *operations as f64 / quantile(&sorted(rounds, |round| round[side].as_secs_f64()), 0.5);
        let in_flight = in_flight.map(|calls| calls.to_string()).unwrap_or_default();
        for (side, name) in sides.iter().enumerate().skip(1) {
            let ratios = sorted(rounds, |round| round[side].as_secs_f64() / round[0].as_secs_f64());
            // The median lies between these ranks with 95 %, for any distribution.
            let margin = 0.98 / (ratios.len() as f64).sqrt();
            let [low, tenth, median, ninetieth, high] =
                [0.5 - margin, 0.1, 0.5, 0.9, 0.5 + margin].map(|at| quantile(&ratios, at));
            print!("| {what} | {in_flight} | {name} | {:.0} | {:.0} | **{median:.3}** ", rate(side), rate(0));
            println!("| {low:.3}–{high:.3} | {tenth:.3}–{ninetieth:.3} | {} |", ratios.len());
        }
    }
}

fn sorted<T>(rounds: &[T], value: impl Fn(&T) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = rounds.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn quantile(sorted: &[f64], at: f64) -> f64 {
    let last = sorted.len() - 1;
    sorted[(at.clamp(0.0, 1.0) * last as f64).round() as usize]
}
