#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;
use gpu::device::{Device, Kind};
use model::config::Config;
use model::train::{Flow, Run, first, second};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let device = Device::open(Kind::Cpu).unwrap();
    if args[1] == "eval" {
        let model = model::network::Model::read(args[2].as_ref(), &device).unwrap();
        let data = model::data::Data::embedded().unwrap();
        let n = |i: usize| args[i].parse::<usize>().unwrap();
        let options = model::evaluate::Options { samples: n(3), images: n(4), bound_images: n(5), bound_samples: n(6), seed: 1 };
        let start = std::time::Instant::now();
        let r = model::evaluate::evaluate(&model, &data, &options, &|| ()).unwrap();
        for s in &r.splits { eprintln!("{s:#?}"); }
        for b in &r.bound { eprintln!("{b:?}"); }
        eprintln!("{} rises {} s", r.rises, start.elapsed().as_secs_f64());
        return;
    }
    if args[1] == "pic" {
        let model = model::network::Model::read(args[2].as_ref(), &device).unwrap();
        let data = model::data::Data::embedded().unwrap();
        let mut rows = vec![];
        for split in [model::data::Split::Train, model::data::Split::Validation] {
        let v = data.of(split);
        for chunk in 0..3 {
            let (mut a, mut b) = (vec![], vec![]);
            for i in 0..12 { let im = data.image(v[(chunk*12+i)*5]); a.push(model::picture::numbers(im)); b.push(model::sample::reconstruction(&model, im).unwrap().1); }
            rows.push(a); rows.push(b);
        }}
        std::fs::write(&args[3], model::picture::grid(&rows, 2).unwrap()).unwrap();
        return;
    }
    if args[1] == "sample" {
        let model = model::network::Model::read(args[2].as_ref(), &device).unwrap();
        let mut rows = vec![];
        for c in &args[5..] { rows.push(model::sample::sample(&model, c, 8, model::sample::Draw{temperature: args[4].parse().unwrap(), top_k: 0, seed: 1}).unwrap()); }
        std::fs::write(&args[3], model::picture::grid(&rows, 2).unwrap()).unwrap();
        return;
    }
    let config = Config::parse(&std::fs::read_to_string(&args[2]).unwrap()).unwrap();
    let run = Run { out: args[3].clone().into(), resume: args.len() > 4 };
    let start = std::time::Instant::now();
    let mut watch = |line: &model::train::Line| {
        if line.step % 50 == 0 || line.step < 4 {
            let text: Vec<String> = line.numbers.iter().map(|(n, v)| format!("{n} {v:.4}")).collect();
            eprintln!("{:6.1}s {} {}: {}", start.elapsed().as_secs_f64(), line.stage, line.step, text.join(" "));
        }
        Flow::Go
    };
    let r = if args[1] == "dvae" { first(&config, &run, &device, &mut watch) } else { second(&config, &run, &device, &mut watch) };
    if let Err(e) = r { eprintln!("{e}"); }
}
