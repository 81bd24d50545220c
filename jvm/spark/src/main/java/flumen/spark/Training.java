package flumen.spark;

import java.util.List;

/** What MLlib computes, apart from when and on what: steps are tested without Spark. */
interface Training {
  /** Moves centres by the standardised windows of one step. */
  Clusters move(Clusters from, List<double[]> step);

  /** One step of expectation and maximisation over the rows. */
  Gaussians mix(Gaussians from, List<double[]> rows);

  /** Directions in which rows vary most, at most so many, none with a variance that is not above the least. */
  List<double[]> components(List<double[]> rows, int most, double least);

  /** The weights of the columns of rows that give the answers, by least squares. */
  double[] weights(List<double[]> rows, double[] answers);

  /** What lies in this order in that share of the rows or more, up to so many items long. */
  List<List<Integer>> sequences(List<List<Integer>> rows, double share, int longest);
}
