package flumen.spark;

import java.util.ArrayList;
import java.util.List;

/** Centres of a group in standardised features (docs/ref/models.md, `kmeans`). */
final class Clusters {
  static final int COUNT = 16;
  /** Windows that the first centres are chosen from. */
  static final int ENOUGH = 64;
  static final double DECAY = 0.999;

  final List<double[]> centres;
  final double[] weights;

  Clusters(List<double[]> centres, double[] weights) {
    this.centres = centres;
    this.weights = weights;
  }

  /** The least squared distance to a centre. */
  double nearest(double[] z) {
    double best = Double.POSITIVE_INFINITY;
    for (double[] centre : centres) {
      best = Math.min(best, squared(z, centre));
    }
    return best;
  }

  /** The first window, then each time the one farthest from all before. */
  static Clusters first(List<double[]> windows) {
    List<double[]> centres = new ArrayList<>(List.of(windows.get(0).clone()));
    double[] far = new double[windows.size()];
    java.util.Arrays.fill(far, Double.POSITIVE_INFINITY);
    while (centres.size() < COUNT) {
      double[] last = centres.get(centres.size() - 1);
      int farthest = 0;
      for (int i = 0; i < far.length; i++) {
        far[i] = Math.min(far[i], squared(windows.get(i), last));
        farthest = far[i] > far[farthest] ? i : farthest;
      }
      centres.add(windows.get(farthest).clone());
    }
    return new Clusters(centres, new double[COUNT]);
  }

  private static double squared(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
  }
}
