/**
 * The Spark job: windows in, models and insights out.
 *
 * <p>{@code Learn} wires it; {@code Trainer} is what it learns, step by step, and knows no Spark but
 * for the one call that moves centres. What features, scores and thresholds are: docs/ref/models.md;
 * how a killed run goes on exactly: docs/design/0014-learning.md.
 */
package flumen.spark;
