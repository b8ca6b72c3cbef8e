//! The table, and the lines of JSON.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

use crate::line::{Line, What};
use crate::options::Options;
use crate::rounds::Figures;

pub fn print(options: &Options, figures: &Figures) -> Result<(), Box<dyn Error>> {
    let mut json = BufWriter::new(File::create(&options.json)?);
    println!("medians and [ranges] of {} rounds; ratios within a round", options.rounds);
    for (place, job) in options.jobs.iter().enumerate() {
        let values = Line::all(options, figures, (place, job), What::Value);
        let memory = Line::all(options, figures, (place, job), What::Memory);
        let disk = Line::all(options, figures, (place, job), What::Disk);
        table(job.name, &values, &memory);
        for line in values.iter().chain(&memory).chain(&disk) {
            serde_json::to_writer(&mut json, line)?;
            writeln!(json)?;
        }
    }
    json.flush()?;
    println!("\n{}", options.json.display());
    Ok(())
}

fn table(job: &str, values: &[Line], memory: &[Line]) {
    let unit = values.iter().map(|line| line.unit.as_str()).find(|unit| !unit.is_empty());
    println!("\n{job} ({})", unit.unwrap_or("not measured"));
    for line in values {
        let system = match line.durability {
            "full" => line.system.to_owned(),
            durability => format!("{}, {durability}", line.system),
        };
        if let Some(why) = &line.unsupported {
            println!("  {system:<32} – {why}");
            continue;
        }
        let value = range(line.value, line.min, line.max);
        let ratio = range(line.ratio_to_vitae, line.ratio_min, line.ratio_max);
        let peak =
            memory.iter().find(|it| (it.system, it.durability) == (line.system, line.durability));
        let peak =
            peak.and_then(|it| it.value).map_or_else(String::new, |peak| format!("{peak:.0} MiB"));
        println!("  {system:<32} {value:<34} of vitae's {ratio:<24} {peak}");
    }
}

/// With three digits that matter, or all before the point.
fn range(median: Option<f64>, least: Option<f64>, most: Option<f64>) -> String {
    let (Some(median), Some(least), Some(most)) = (median, least, most) else {
        return "–".to_owned();
    };
    let digits = if median.abs() < 10.0 { 2 } else { usize::from(median.abs() < 100.0) };
    format!("{median:.digits$} [{least:.digits$}, {most:.digits$}]")
}
