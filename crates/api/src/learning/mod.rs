//! The routes of learning: models, what is normal, forecasts, insights, verdicts.

mod found;
mod models;
mod normal;
mod stored;
mod tally;
mod trial;

pub(crate) use self::found::*;
pub(crate) use self::models::*;
pub(crate) use self::normal::*;
pub(crate) use self::stored::verdict_on;
pub(crate) use self::trial::*;
