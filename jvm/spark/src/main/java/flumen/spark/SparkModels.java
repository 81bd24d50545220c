package flumen.spark;

import com.google.protobuf.InvalidProtocolBufferException;
import flumen.spark.state.Outgoing;
import flumen.v1.Flumen.Mixture;
import flumen.v1.Flumen.ModelCard;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.mllib.clustering.GaussianMixtureModel;
import org.apache.spark.mllib.clustering.KMeansModel;
import org.apache.spark.mllib.linalg.Matrices;
import org.apache.spark.mllib.linalg.Vector;
import org.apache.spark.mllib.linalg.Vectors;
import org.apache.spark.mllib.stat.distribution.MultivariateGaussian;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Centres and mixtures of groups in MLlib's own form, for other Spark programs: GROUP/KIND/VERSION below a folder.
 *
 * <p>They are written when a group's mixture was fitted, once a day; the seven newest are kept. Learning does not
 * need them: what can't be written is told, and it goes on.
 */
final class SparkModels {
  private static final Logger LOG = LoggerFactory.getLogger(SparkModels.class);
  private static final int KEPT = 7;
  private static final String MODELS = "models";

  private final SparkContext spark;
  private final Path folder;

  SparkModels(SparkContext spark, Path dir) {
    this.spark = spark;
    this.folder = new Path(dir, MODELS);
  }

  /** Writes what a batch gave out; of a kind that a batch holds several times the newest. */
  void keep(List<Outgoing> outbox) {
    Map<String, ModelCard> centres = new HashMap<>();
    Map<String, ModelCard> mixtures = new HashMap<>();
    for (Outgoing one : outbox) {
      boolean kmeans = one.getKey().contains("/kmeans/");
      if (one.getGone() || !one.getTopic().equals(Trainer.MODELS) || !kmeans && !one.getKey().contains("/gaussian-mixture/")) {
        continue;
      }
      try {
        ModelCard card = ModelCard.parseFrom(one.getValue());
        (kmeans ? centres : mixtures).put(card.getScope(), card);
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException("a card of this job's own can't be read", e);
      }
    }
    mixtures.forEach((scope, mixture) -> {
      write(mixture);
      if (centres.containsKey(scope)) {
        write(centres.get(scope));
      }
    });
  }

  private void write(ModelCard card) {
    Path of = new Path(folder, card.getScope().substring(Groups.scope("").length()) + "/" + card.getKind());
    try {
      FileSystem files = of.getFileSystem(spark.hadoopConfiguration());
      Path path = new Path(of, Long.toString(card.getVersion()));
      files.delete(path, true);
      if (card.hasMixture()) {
        mixture(card.getMixture()).save(spark, path.toString());
      } else {
        Vector[] centres = Lists.rows(card.getClusters().getCentresList(), Features.COUNT).stream()
            .map(Vectors::dense).toArray(Vector[]::new);
        new KMeansModel(centres).save(spark, path.toString());
      }
      thin(files, of);
    } catch (IOException | RuntimeException e) {
      LOG.warn("{} is not there for other Spark programs; learning goes on: {}", of, e.toString());
    }
  }

  private static void thin(FileSystem files, Path of) throws IOException {
    List<Path> versions = new ArrayList<>();
    for (FileStatus file : files.listStatus(of)) {
      versions.add(file.getPath());
    }
    versions.sort(Comparator.comparingLong(path -> Long.parseLong(path.getName())));
    for (Path old : versions.subList(0, Math.max(0, versions.size() - KEPT))) {
      files.delete(old, true);
    }
  }

  private static GaussianMixtureModel mixture(Mixture from) {
    int n = Features.COUNT;
    List<double[]> means = Lists.rows(from.getMeansList(), n);
    List<double[]> factors = Lists.rows(from.getFactorsList(), n * (n + 1) / 2);
    MultivariateGaussian[] parts = new MultivariateGaussian[means.size()];
    for (int k = 0; k < parts.length; k++) {
      parts[k] = new MultivariateGaussian(
          Vectors.dense(means.get(k)), Matrices.dense(n, n, Gaussians.covariance(factors.get(k))));
    }
    return new GaussianMixtureModel(Lists.array(from.getWeightsList()), parts);
  }
}
