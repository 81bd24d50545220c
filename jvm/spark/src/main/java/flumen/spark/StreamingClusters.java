package flumen.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.mllib.clustering.StreamingKMeansModel;
import org.apache.spark.mllib.linalg.Vector;
import org.apache.spark.mllib.linalg.Vectors;

/**
 * MLlib moves the centres: one call for all cameras of a group.
 *
 * <p>One partition, so that sums run in the order of the windows and a run that is repeated gives
 * the same bytes.
 */
final class StreamingClusters implements Clusters.Update {
  private final JavaSparkContext spark;

  StreamingClusters(JavaSparkContext spark) {
    this.spark = spark;
  }

  @Override
  public Clusters move(Clusters from, List<double[]> step) {
    Vector[] centres = from.centres.stream().map(c -> Vectors.dense(c.clone())).toArray(Vector[]::new);
    List<Vector> points = new ArrayList<>(step.size());
    step.forEach(z -> points.add(Vectors.dense(z)));
    StreamingKMeansModel moved = new StreamingKMeansModel(centres, from.weights.clone())
        .update(spark.parallelize(points, 1).rdd(), Clusters.DECAY, "batches");
    List<double[]> to = new ArrayList<>();
    for (Vector centre : moved.clusterCenters()) {
      to.add(centre.toArray());
    }
    return new Clusters(to, moved.clusterWeights());
  }
}
