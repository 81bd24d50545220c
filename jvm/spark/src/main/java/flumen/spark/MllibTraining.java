package flumen.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.regression.LinearRegression;
import org.apache.spark.mllib.clustering.GaussianMixture;
import org.apache.spark.mllib.clustering.GaussianMixtureModel;
import org.apache.spark.mllib.clustering.StreamingKMeansModel;
import org.apache.spark.mllib.fpm.PrefixSpan;
import org.apache.spark.mllib.linalg.Matrices;
import org.apache.spark.mllib.linalg.Matrix;
import org.apache.spark.mllib.linalg.Vector;
import org.apache.spark.mllib.linalg.Vectors;
import org.apache.spark.mllib.linalg.distributed.RowMatrix;
import org.apache.spark.mllib.stat.distribution.MultivariateGaussian;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * MLlib trains.
 *
 * <p>One partition, so that sums run in the order of the rows and a run that is repeated gives the
 * same bytes.
 */
final class MllibTraining implements Training {
  private static final StructType ROWS =
      new StructType().add("label", DataTypes.DoubleType).add("features", SQLDataTypes.VectorType());

  private final JavaSparkContext spark;

  MllibTraining(JavaSparkContext spark) {
    this.spark = spark;
  }

  @Override
  public Clusters move(Clusters from, List<double[]> step) {
    Vector[] centres = from.centres.stream().map(c -> Vectors.dense(c.clone())).toArray(Vector[]::new);
    StreamingKMeansModel moved = new StreamingKMeansModel(centres, from.weights.clone())
        .update(rows(step), Clusters.DECAY, "batches");
    List<double[]> to = new ArrayList<>();
    for (Vector centre : moved.clusterCenters()) {
      to.add(centre.toArray());
    }
    return new Clusters(to, moved.clusterWeights());
  }

  @Override
  public Gaussians mix(Gaussians from, List<double[]> rows) {
    MultivariateGaussian[] parts = new MultivariateGaussian[from.weights.length];
    for (int k = 0; k < parts.length; k++) {
      double[] mean = from.means.get(k).clone();
      Matrix covariance = Matrices.dense(mean.length, mean.length, from.covariances.get(k).clone());
      parts[k] = new MultivariateGaussian(Vectors.dense(mean), covariance);
    }
    GaussianMixtureModel to = new GaussianMixture()
        .setK(parts.length)
        .setMaxIterations(1)
        .setInitialModel(new GaussianMixtureModel(from.weights.clone(), parts))
        .run(rows(rows));
    List<double[]> means = new ArrayList<>();
    List<double[]> covariances = new ArrayList<>();
    for (MultivariateGaussian part : to.gaussians()) {
      means.add(part.mu().toArray());
      covariances.add(part.sigma().toArray());
    }
    return Gaussians.unchecked(to.weights(), means, covariances);
  }

  @Override
  public List<double[]> components(List<double[]> rows, int most, double least) {
    List<double[]> directions = new ArrayList<>();
    RowMatrix matrix = new RowMatrix(rows(rows));
    Matrix covariance = matrix.computeCovariance();
    double all = 0;
    for (int i = 0; i < covariance.numCols(); i++) {
      all += covariance.apply(i, i);
    }
    if (!(all > least)) {
      return directions;
    }
    scala.Tuple2<Matrix, Vector> components = matrix.computePrincipalComponentsAndExplainedVariance(most);
    for (int i = 0; i < most; i++) {
      if (components._2().apply(i) * all > least) {
        double[] direction = new double[components._1().numRows()];
        for (int row = 0; row < direction.length; row++) {
          direction[row] = components._1().apply(row, i);
        }
        directions.add(direction);
      }
    }
    return directions;
  }

  @Override
  public double[] weights(List<double[]> rows, double[] answers) {
    List<Row> all = new ArrayList<>(rows.size());
    for (int i = 0; i < answers.length; i++) {
      all.add(RowFactory.create(answers[i], org.apache.spark.ml.linalg.Vectors.dense(rows.get(i))));
    }
    SparkSession session = SparkSession.builder().sparkContext(spark.sc()).getOrCreate();
    return new LinearRegression()
        .setFitIntercept(false)
        .setStandardization(false)
        .setSolver("normal")
        .fit(session.createDataFrame(spark.parallelize(all, 1), ROWS))
        .coefficients()
        .toArray();
  }

  @Override
  public List<List<Integer>> sequences(List<List<Integer>> rows, double share, int longest) {
    List<List<List<Integer>>> all = new ArrayList<>(rows.size());
    rows.forEach(row -> all.add(row.stream().map(item -> List.of(item)).toList()));
    List<List<Integer>> found = new ArrayList<>();
    new PrefixSpan()
        .setMinSupport(share)
        .setMaxPatternLength(longest)
        .run(spark.parallelize(all, 1))
        .freqSequences()
        .toJavaRDD()
        .collect()
        .forEach(one -> found.add(one.javaSequence().stream().map(items -> items.get(0)).toList()));
    return found;
  }

  private RDD<Vector> rows(List<double[]> from) {
    List<Vector> rows = new ArrayList<>(from.size());
    from.forEach(row -> rows.add(Vectors.dense(row)));
    return spark.parallelize(rows, 1).rdd();
  }
}
