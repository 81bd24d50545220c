package flumen.spark;

import java.util.ArrayList;
import java.util.List;

/** The rule of MLlib's streaming k-means, said plainly: what the real one is held against; no directions, mixtures stay. */
final class PlainTraining implements Training {
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

  @Override
  public Gaussians mix(Gaussians from, List<double[]> rows) {
    return from;
  }

  @Override
  public List<double[]> components(List<double[]> rows, int most, double least) {
    return List.of();
  }

  @Override
  public double[] weights(List<double[]> rows, double[] answers) {
    int n = rows.get(0).length;
    double[][] a = new double[n][n + 1];
    for (int r = 0; r < answers.length; r++) {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          a[i][j] += rows.get(r)[i] * rows.get(r)[j];
        }
        a[i][n] += rows.get(r)[i] * answers[r];
      }
    }
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        double by = k == i ? 0 : a[k][i] / a[i][i];
        for (int j = i; j <= n; j++) {
          a[k][j] -= by * a[i][j];
        }
      }
    }
    double[] weights = new double[n];
    for (int i = 0; i < n; i++) {
      weights[i] = a[i][n] / a[i][i];
    }
    return weights;
  }

  @Override
  public List<List<Integer>> sequences(List<List<Integer>> rows, double share, int longest) {
    List<List<Integer>> found = new ArrayList<>();
    grow(List.of(), rows, share * rows.size(), longest, found);
    return found;
  }

  private static void grow(
      List<Integer> before, List<List<Integer>> rests, double least, int longest, List<List<Integer>> found) {
    if (before.size() == longest) {
      return;
    }
    for (int item : rests.stream().flatMap(List::stream).distinct().sorted().toList()) {
      List<List<Integer>> next = rests.stream()
          .filter(rest -> rest.contains(item))
          .map(rest -> rest.subList(rest.indexOf(item) + 1, rest.size()))
          .toList();
      if (next.size() >= least) {
        List<Integer> one = new ArrayList<>(before);
        one.add(item);
        found.add(one);
        grow(one, next, least, longest, found);
      }
    }
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
