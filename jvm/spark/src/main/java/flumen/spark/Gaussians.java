package flumen.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A mixture of Gaussians in standardised features (docs/ref/models.md, `gaussian-mixture`). */
final class Gaussians {
  /** Gaussians of a group. */
  static final int COUNT = 4;
  /** Added to each variance, in squares of a feature's deviation. */
  private static final double FLOOR = 0.05;

  final double[] weights;
  final List<double[]> means;
  /** Whole matrices, column by column. */
  final List<double[]> covariances;
  /** Lower triangles by Cholesky, row by row. */
  final List<double[]> factors = new ArrayList<>();

  /** Factors are made by `of` alone. */
  private Gaussians(double[] weights, List<double[]> means, List<double[]> covariances) {
    this.weights = weights;
    this.means = means;
    this.covariances = covariances;
  }

  /** As a step leaves them, before the floor: they may be flat, and have no factors. */
  static Gaussians unchecked(double[] weights, List<double[]> means, List<double[]> covariances) {
    return new Gaussians(weights, means, covariances);
  }

  /** Null when a covariance is none. */
  static Gaussians of(double[] weights, List<double[]> means, List<double[]> covariances) {
    Gaussians it = new Gaussians(weights, means, covariances);
    for (double[] covariance : covariances) {
      double[] factor = cholesky(covariance);
      if (factor == null) {
        return null;
      }
      it.factors.add(factor);
    }
    return it;
  }

  /** The heaviest centres, all equally wide and heavy. */
  static Gaussians first(Clusters clusters) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < clusters.weights.length; i++) {
      order.add(i);
    }
    order.sort((a, b) -> Double.compare(clusters.weights[b], clusters.weights[a]));
    double[] weights = new double[COUNT];
    Arrays.fill(weights, 1.0 / COUNT);
    List<double[]> means = order.stream().limit(COUNT).map(i -> clusters.centres.get(i).clone()).toList();
    return of(weights, means, means.stream().map(m -> wider(new double[m.length * m.length], 1)).toList());
  }

  /** The same, no narrower than the floor; null when a covariance is none. */
  Gaussians floored() {
    return of(weights, means, covariances.stream().map(c -> wider(c.clone(), FLOOR)).toList());
  }

  private static double[] wider(double[] covariance, double by) {
    for (int i = 0; i < covariance.length; i += Features.COUNT + 1) {
      covariance[i] += by;
    }
    return covariance;
  }

  /** How much less usual than the most usual place, in nats. */
  double density(double[] z) {
    double[] logs = new double[weights.length];
    double highest = Double.NEGATIVE_INFINITY;
    double top = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < logs.length; k++) {
      double spread = 0;
      for (int i = 0; i < Features.COUNT; i++) {
        spread += Math.log(factors.get(k)[at(i, i)]);
      }
      double height = Math.log(weights[k]) - spread;
      highest = Math.max(highest, height);
      logs[k] = height - squared(k, z) / 2;
      top = Math.max(top, logs[k]);
    }
    double sum = 0;
    for (double log : logs) {
      sum += Math.exp(log - top);
    }
    return Math.log(weights.length) + highest - (top + Math.log(sum));
  }

  /** Squared length of what is left of z - mean by forward substitution. */
  private double squared(int k, double[] z) {
    double[] factor = factors.get(k);
    double[] y = new double[z.length];
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      double left = z[i] - means.get(k)[i];
      for (int j = 0; j < i; j++) {
        left -= factor[at(i, j)] * y[j];
      }
      y[i] = left / factor[at(i, i)];
      sum += y[i] * y[i];
    }
    return sum;
  }

  private static int at(int row, int column) {
    return row * (row + 1) / 2 + column;
  }

  /** The matrix of a factor, column by column. */
  static double[] covariance(double[] factor) {
    int n = Features.COUNT;
    double[] matrix = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        for (int k = 0; k <= Math.min(i, j); k++) {
          matrix[j * n + i] += factor[at(i, k)] * factor[at(j, k)];
        }
      }
    }
    return matrix;
  }

  private static double[] cholesky(double[] matrix) {
    int n = Features.COUNT;
    double[] factor = new double[n * (n + 1) / 2];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double left = matrix[j * n + i];
        for (int k = 0; k < j; k++) {
          left -= factor[at(i, k)] * factor[at(j, k)];
        }
        if (i == j && !(left > 0)) {
          return null;
        }
        factor[at(i, j)] = i == j ? Math.sqrt(left) : left / factor[at(j, j)];
      }
    }
    return factor;
  }
}
