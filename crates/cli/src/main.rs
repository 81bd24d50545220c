//! The one door: the binary `flumen`, where rooms are wired.
//!
//! Not here: logic. A subcommand either runs rooms or asks the running process for it.

#![cfg_attr(not(feature = "kafka"), allow(dead_code, unused_imports))]

mod adapt;
mod client;
mod cluster;
mod commands;
mod config;
mod demo;
mod history;
mod kafka;
mod lock;
mod moving;
mod rooms;
mod serve;
mod settings;
mod show;
mod stand_in;
mod units;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use flumen_base::{Kind, Result};

use crate::rooms::Role;

/// Real-time video: cameras in; a durable log, live pictures, events and an archive out.
#[derive(Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Flumen {
    /// Directory that holds everything: log, archive, keys.
    #[arg(long, global = true, default_value = "data", env = "FLUMEN_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Configuration file; flumen.toml in the data directory when not given.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything in this process, until interrupted
    Run(serve::RunArgs),
    /// Run with four synthetic cameras, to see what Flumen does
    Demo(serve::RunArgs),
    /// Add, change, list and remove cameras of the running Flumen
    #[command(subcommand)]
    Camera(commands::camera::Camera),
    /// Learned models: list, compare, say which version counts
    #[command(subcommand)]
    Model(commands::model::Model),
    /// Send a stream from standard input to a camera of the running Flumen
    Push(commands::push::Push),
    /// Make synthetic footage with exact truth
    #[command(subcommand)]
    Farm(commands::farm::Farm),
    /// Analyse a file the way a camera is analysed
    Analyze(commands::analyze::Analyze),
    /// Learn from a file of windows, and tell what is not as usual in it
    Learn(commands::learn::Learn),
    /// Write a span of a camera's archive to a file, without transcoding
    Export(commands::export::Export),
    /// Check log and archive against what they promise
    Check(commands::check::Check),
    /// Print the configuration in force
    Config(commands::config::Show),
    /// Run the cameras alone, on Kafka; several processes share them
    Ingest,
    /// Run the archive alone, on Kafka
    Archive,
    /// Run the web pages and the API alone, on Kafka
    Api(serve::RunArgs),
    /// Take what is here along to Kafka
    #[command(subcommand)]
    Bus(commands::copy::Bus),
    /// Put the analyser where Flink finds it
    #[command(subcommand)]
    Bridge(commands::bridge::Bridge),
    /// Make, check or show the topics on Kafka
    #[command(subcommand)]
    Topics(commands::topics::Topics),
    /// Measure speed and quality against references
    Bench(commands::bench::Bench),
    /// Print the API's description
    #[command(hide = true)]
    Openapi,
}

impl Command {
    /// True for those that go on without a reader of what they print.
    fn serves(&self) -> bool {
        use Command::{Api, Archive, Demo, Ingest, Run};
        matches!(self, Run(_) | Demo(_) | Ingest | Archive | Api(_))
    }
}

/// What every subcommand is given.
pub struct Site {
    pub data: PathBuf,
    pub config: Option<PathBuf>,
}

impl Site {
    /// The configuration in force for this data directory.
    pub fn load(&self) -> Result<config::Config> {
        config::Config::load(self.config.as_deref(), &self.data)
    }
}

fn main() -> ExitCode {
    let Flumen { data, config, command } = Flumen::parse();
    let site = Site { data, config };
    if !command.serves() {
        end_with_the_reader();
    }
    match dispatch(&site, command) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("flumen: {e}");
            if e.kind() == Kind::Internal {
                eprintln!("flumen: this is a bug ({}); please report it", e.place());
            }
            ExitCode::from(exit_code(e.kind()))
        }
    }
}

/// Who reads a command's output by a pipe and closes it has what he wants: the command ends, without
/// an error.
fn end_with_the_reader() {
    let otherwise = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let closed = "failed printing to stdout: Broken pipe";
        if panic.payload_as_str().is_some_and(|said| said.starts_with(closed)) {
            std::process::exit(0);
        }
        otherwise(panic);
    }));
}

fn dispatch(site: &Site, command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(args) => serve::run(site, &args, false),
        Command::Demo(args) => serve::run(site, &args, true),
        Command::Camera(args) => commands::camera::run(site, args),
        Command::Model(args) => commands::model::run(site, args),
        Command::Push(args) => commands::push::run(site, &args),
        Command::Farm(args) => commands::farm::run(args),
        Command::Analyze(args) => commands::analyze::run(&args),
        Command::Learn(args) => commands::learn::run(&args),
        Command::Export(args) => commands::export::run(site, &args),
        Command::Check(args) => return commands::check::run(site, &args),
        Command::Config(args) => commands::config::run(site, &args),
        Command::Ingest => serve::role(site, Role::Ingest, None),
        Command::Archive => serve::role(site, Role::Archive, None),
        Command::Api(args) => serve::role(site, Role::Api, args.listen),
        Command::Bus(args) => commands::copy::run(site, &args),
        Command::Bridge(args) => commands::bridge::run(&args),
        Command::Topics(args) => return commands::topics::run(site, &args),
        Command::Bench(args) => commands::bench::run(&args),
        Command::Openapi => {
            println!("{}", flumen_api::openapi());
            Ok(())
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

/// 2: the caller's fault; 3: try again later; 4: stored data is damaged; 1: the rest.
fn exit_code(kind: Kind) -> u8 {
    match kind {
        Kind::Invalid | Kind::NotFound | Kind::Unsupported => 2,
        Kind::Unavailable | Kind::Exhausted | Kind::Cancelled => 3,
        Kind::DataLoss => 4,
        Kind::Internal => 1,
    }
}
