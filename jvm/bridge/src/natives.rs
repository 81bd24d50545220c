//! The natives of `flumen.bridge.Native`: arguments into bytes, bytes into an array.
//!
//! Invariants: nothing of the JVM is kept after a call; errors and panics are answers, not
//! exceptions; only a JVM without memory makes jni-rs throw.
//! Not here: what the calls do (`sessions`), the answers' layout (`frame`).
#![allow(unsafe_code, non_snake_case, missing_docs)] // the names are what the JVM looks for

use std::sync::LazyLock;

use bytes::Bytes;
use jni::errors::{Result, ThrowRuntimeExAndDefault};
use jni::objects::{JByteArray, JClass};
use jni::refs::Reference;
use jni::sys::{jint, jlong};
use jni::{Env, EnvUnowned};

use crate::frame::{Reply, reply};
use crate::{Sessions, VERSION, codes};

static SESSIONS: LazyLock<Sessions> = LazyLock::new(Sessions::default);

fn bytes(env: &Env<'_>, array: &JByteArray<'_>) -> Result<Vec<u8>> {
    if array.is_null() { Ok(Vec::new()) } else { env.convert_byte_array(array) }
}

fn optional(env: &Env<'_>, array: &JByteArray<'_>) -> Result<Option<Vec<u8>>> {
    if array.is_null() { Ok(None) } else { env.convert_byte_array(array).map(Some) }
}

fn answer<'local>(
    mut env: EnvUnowned<'local>,
    body: impl FnOnce(&mut Env<'local>) -> Result<Reply>,
) -> JByteArray<'local> {
    env.with_env(|env| -> Result<JByteArray<'local>> {
        let reply = body(env)?;
        env.byte_array_from_slice(&reply)
    })
    .resolve::<ThrowRuntimeExAndDefault>()
}

/// Stands in the library's bytes, however much it is optimised: `flumen bridge install` looks for
/// it without loading the library.
#[used]
#[unsafe(no_mangle)]
pub static FLUMEN_BRIDGE: &str = concat!("flumen-bridge ", env!("CARGO_PKG_VERSION"), "\0");

// SAFETY of all names below: each is one function of this library, with the arguments that
// `Native.java` declares; the JVM calls no other.

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_version<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
) -> JByteArray<'local> {
    answer(env, |_| Ok(reply(Ok(VERSION.as_bytes().to_vec()))))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_codes<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
) -> JByteArray<'local> {
    answer(env, |_| Ok(reply(Ok(codes::table().into_bytes()))))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_count<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
) -> JByteArray<'local> {
    answer(env, |_| Ok(SESSIONS.count()))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_keepNotes<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    dir: JByteArray<'local>,
) -> JByteArray<'local> {
    answer(env, |env| Ok(SESSIONS.keep_notes(&bytes(env, &dir)?)))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_open<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    camera: JByteArray<'local>,
    card: JByteArray<'local>,
) -> JByteArray<'local> {
    answer(env, |env| Ok(SESSIONS.open(&bytes(env, &camera)?, optional(env, &card)?.as_deref())))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_restore<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    camera: JByteArray<'local>,
    snapshot: JByteArray<'local>,
) -> JByteArray<'local> {
    answer(env, |env| Ok(SESSIONS.restore(&bytes(env, &camera)?, &bytes(env, &snapshot)?)))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_process<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    number: jlong,
    partition: jint,
    offset: jlong,
    header: JByteArray<'local>,
    value: JByteArray<'local>,
) -> JByteArray<'local> {
    answer(env, |env| {
        let header = optional(env, &header)?;
        let value = Bytes::from(bytes(env, &value)?);
        let at = (partition as u32, offset as u64);
        Ok(SESSIONS.process(number as u64, at, header.as_deref(), value))
    })
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_stray<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    key: JByteArray<'local>,
    partition: jint,
    offset: jlong,
    value: JByteArray<'local>,
    timestamp_us: jlong,
) -> JByteArray<'local> {
    answer(env, |env| {
        let (key, value) = (bytes(env, &key)?, Bytes::from(bytes(env, &value)?));
        Ok(SESSIONS.stray(&key, (partition as u32, offset as u64), value, timestamp_us))
    })
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_card<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    number: jlong,
    record: JByteArray<'local>,
) -> JByteArray<'local> {
    answer(env, |env| Ok(SESSIONS.card(number as u64, &bytes(env, &record)?)))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_models<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
) -> JByteArray<'local> {
    answer(env, |_| Ok(SESSIONS.models()))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_model<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    number: jlong,
    key: JByteArray<'local>,
    offset: jlong,
    value: JByteArray<'local>,
    timestamp_us: jlong,
) -> JByteArray<'local> {
    answer(env, |env| {
        let (key, value) = (bytes(env, &key)?, optional(env, &value)?);
        let place = (offset as u64, timestamp_us);
        Ok(SESSIONS.model(number as u64, &key, place, value.as_deref()))
    })
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_follow<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    number: jlong,
    models: jlong,
) -> JByteArray<'local> {
    answer(env, |_| Ok(SESSIONS.follow(number as u64, models as u64)))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_forget<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    models: jlong,
) -> JByteArray<'local> {
    answer(env, |_| Ok(SESSIONS.forget(models as u64)))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_snapshot<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    number: jlong,
) -> JByteArray<'local> {
    answer(env, |_| Ok(SESSIONS.snapshot(number as u64)))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_problem<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    number: jlong,
) -> JByteArray<'local> {
    answer(env, |_| Ok(SESSIONS.problem(number as u64)))
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_flumen_bridge_Native_close<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    number: jlong,
) -> JByteArray<'local> {
    answer(env, |_| Ok(SESSIONS.close(number as u64)))
}
