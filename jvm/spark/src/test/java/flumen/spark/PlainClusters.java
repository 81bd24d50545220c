package flumen.spark;

import java.util.ArrayList;
import java.util.List;

/** The rule of MLlib's streaming k-means, said plainly: what the real one is held against. */
final class PlainClusters implements Clusters.Update {
  @Override
  public Clusters move(Clusters from, List<double[]> step) {
    int k = from.centres.size();
    double[][] sums = new double[k][Features.COUNT];
    long[] counts = new long[k];
    for (double[] z : step) {
      int nearest = nearest(from, z);
      counts[nearest]++;
      for (int i = 0; i < z.length; i++) {
        sums[nearest][i] += z[i];
      }
    }
    List<double[]> centres = new ArrayList<>();
    double[] weights = new double[k];
    for (int c = 0; c < k; c++) {
      double[] centre = from.centres.get(c).clone();
      weights[c] = from.weights[c] * Clusters.DECAY;
      if (counts[c] > 0) {
        weights[c] += counts[c];
        for (int i = 0; i < centre.length; i++) {
          double mean = sums[c][i] / counts[c];
          centre[i] += (mean - centre[i]) * counts[c] / weights[c];
        }
      }
      centres.add(centre);
    }
    return new Clusters(centres, weights);
  }

  private static int nearest(Clusters from, double[] z) {
    int best = 0;
    for (int c = 1; c < from.centres.size(); c++) {
      best = far(from.centres.get(c), z) < far(from.centres.get(best), z) ? c : best;
    }
    return best;
  }

  private static double far(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
  }
}
