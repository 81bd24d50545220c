/**
 * The Flink job: {@code flumen.video} in, what the analyzer names out.
 *
 * <p>Invariants: nothing here reads a record's content; a camera's state is the bridge's snapshot and
 * is written under the camera's own key; no timer and no clock decides an answer.
 *
 * <p>Not here: the analysis (jvm/bridge), topics' settings ({@code flumen topics apply}).
 */
package flumen.flink;
