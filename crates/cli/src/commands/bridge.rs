//! `flumen bridge install`: jar and library of the analyser into Flink's lib folder.
//!
//! Invariants: each file appears whole or not at all; jar and library are of one version.
//! Not here: building them (`make`), what they do (`jvm/bridge`).

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use flumen_base::{Context, Error, Result};

const LIBRARY: &str = "libflumen_bridge.so";
const JAR: &str = "flumen-bridge-";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Put the analyser where Flink finds it
#[derive(Subcommand)]
pub enum Bridge {
    /// Copy flumen-bridge's jar and library into Flink's lib folder
    ///
    /// They are looked for beside this program, in its build folder, or in --from.
    /// Example: flumen bridge install /opt/flink/lib
    Install(Install),
}

#[derive(Args)]
pub struct Install {
    /// Flink's lib folder.
    #[arg(value_name = "FLINK_LIB")]
    lib: PathBuf,
    /// Folder that holds the jar and the library.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

pub fn run(args: &Bridge) -> Result<()> {
    let Bridge::Install(args) = args;
    if args.lib.exists() && !args.lib.is_dir() {
        return Err(Error::invalid(format!(
            "{} is no directory: name Flink's lib folder, the one with flink-*.jar",
            args.lib.display()
        )));
    }
    let places = match &args.from {
        Some(dir) => vec![dir.clone()],
        None => places()?,
    };
    let library = find(&places, |name| name == LIBRARY, LIBRARY)?;
    let jar = find(&places, is_jar, &format!("{JAR}{VERSION}.jar"))?;
    let wanted = format!("{JAR}{VERSION}.jar");
    if jar.file_name().is_none_or(|n| n.to_string_lossy() != wanted) {
        return Err(Error::invalid(format!(
            "{} is not of this flumen's version {VERSION}: build both with `make jvm`",
            jar.display()
        )));
    }
    holds_version(&library)?;
    if !args.lib.exists() {
        std::fs::create_dir_all(&args.lib).context(format!("make {}", args.lib.display()))?;
        println!("made {}", args.lib.display());
    }
    for old in older(&args.lib)? {
        std::fs::remove_file(&old).context(format!("remove {}", old.display()))?;
        println!("removed {}", old.display());
    }
    put(&library, &args.lib.join(LIBRARY))?;
    put(&jar, &args.lib.join(&wanted))?;
    println!("installed {LIBRARY} and {wanted} in {}", args.lib.display());
    println!(
        "Next: restart Flink's TaskManagers, then submit the job: flink run -d flumen-flink-{VERSION}.jar --brokers HOST:PORT"
    );
    Ok(())
}

/// Beside this program, and where builds put things.
fn places() -> Result<Vec<PathBuf>> {
    let program = std::env::current_exe().context("find this program's folder")?;
    let beside = program.parent().unwrap_or(Path::new(".")).to_owned();
    let mut places = vec![beside.clone()];
    // target/debug/flumen of a source tree: the jar is in jvm/bridge/target.
    for up in beside.ancestors().skip(1).take(3) {
        places.push(up.join("lib"));
        places.push(up.join("jvm/bridge/target"));
    }
    let here = Path::new("jvm/bridge/target");
    places.push(here.to_owned());
    Ok(places)
}

fn is_jar(name: &str) -> bool {
    let other = ["-sources.jar", "-javadoc.jar", "-tests.jar"];
    name.starts_with(JAR) && name.ends_with(".jar") && !other.iter().any(|o| name.ends_with(o))
}

fn find(places: &[PathBuf], is: impl Fn(&str) -> bool, what: &str) -> Result<PathBuf> {
    for dir in places {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> =
            entries.filter(|e| is(&e.file_name().to_string_lossy())).map(|e| e.path()).collect();
        found.sort();
        if let Some(newest) = found.pop() {
            return Ok(newest);
        }
    }
    let looked: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
    Err(Error::not_found(format!(
        "{what} is in none of {}: build it with `make jvm`, or name its folder with --from",
        looked.join(", ")
    )))
}

/// The library holds its version as text, as `Analyzer.version()` tells it.
fn holds_version(library: &Path) -> Result<()> {
    let bytes = std::fs::read(library).context(format!("read {}", library.display()))?;
    let mark = concat!("flumen-bridge ", env!("CARGO_PKG_VERSION"), "\0").as_bytes();
    let named = bytes.windows(mark.len()).any(|w| w == mark);
    if bytes.starts_with(b"\x7fELF") && named {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{} is not flumen's library of version {VERSION}: build it with `make jvm`",
        library.display()
    )))
}

/// Jars of other versions: two of them would be on one class path.
fn older(lib: &Path) -> Result<Vec<PathBuf>> {
    let mut old = Vec::new();
    for entry in std::fs::read_dir(lib).context(format!("list {}", lib.display()))? {
        let entry = entry.context(format!("list {}", lib.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_jar(&name) && name != format!("{JAR}{VERSION}.jar") {
            old.push(entry.path());
        }
    }
    Ok(old)
}

/// *Durability*: whole and synced under its name on return.
fn put(from: &Path, to: &Path) -> Result<()> {
    let told = || format!("copy {} to {}", from.display(), to.display());
    let tmp = to.with_extension("tmp");
    std::fs::copy(from, &tmp).context(told())?;
    std::fs::File::open(&tmp).and_then(|f| f.sync_all()).context(told())?;
    std::fs::rename(&tmp, to).context(told())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(from: &Path, lib: &Path) -> Result<()> {
        let args = Install { lib: lib.to_owned(), from: Some(from.to_owned()) };
        run(&Bridge::Install(args))
    }

    #[test]
    fn both_files_of_one_version_are_put_and_older_jars_go() {
        let dir = tempfile::tempdir().unwrap();
        let (from, lib) = (dir.path().join("from"), dir.path().join("lib"));
        std::fs::create_dir_all(&from).unwrap();
        std::fs::write(&lib, "").unwrap();
        assert!(install(&from, &lib).unwrap_err().to_string().contains("no directory"));
        std::fs::remove_file(&lib).unwrap();
        assert!(install(&from, &lib).unwrap_err().to_string().contains(LIBRARY));
        std::fs::write(from.join(LIBRARY), "text").unwrap();
        std::fs::write(from.join("flumen-bridge-9.9.9.jar"), "jar").unwrap();
        assert!(install(&from, &lib).unwrap_err().to_string().contains("9.9.9"));
        std::fs::remove_file(from.join("flumen-bridge-9.9.9.jar")).unwrap();
        let wanted = format!("flumen-bridge-{VERSION}.jar");
        std::fs::write(from.join(&wanted), "jar").unwrap();
        std::fs::write(from.join(format!("flumen-bridge-{VERSION}-sources.jar")), "").unwrap();
        assert!(install(&from, &lib).unwrap_err().to_string().contains("not flumen's library"));
        std::fs::write(from.join(LIBRARY), format!("\x7fELF..flumen-bridge {VERSION}\0.."))
            .unwrap();
        install(&from, &lib).unwrap();
        std::fs::write(lib.join("flumen-bridge-0.0.1.jar"), "old").unwrap();
        install(&from, &lib).unwrap();
        let mut there: Vec<String> = std::fs::read_dir(&lib)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        assert_eq!(there, [wanted, LIBRARY.to_owned()]);
    }
}
