/**
 * The Java half of the boundary to Flumen's native analysis.
 *
 * <p>What crosses it, who owns it and what its errors mean is written in
 * {@code docs/design/0007-boundary.md}.
 */
package flumen.bridge;
