package flumen.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import flumen.spark.state.Outgoing;
import flumen.v1.Flumen;
import flumen.v1.Flumen.ModelCard;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.mllib.clustering.GaussianMixtureModel;
import org.apache.spark.mllib.clustering.KMeansModel;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparkModelsTest {
  private static final int N = Features.COUNT;

  @Test
  void otherSparkProgramsLoadTheDaysModelsAndAWeekOfThemIsKept(@TempDir Path dir) throws Exception {
    SparkSession spark = SparkSession.builder()
        .master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").getOrCreate();
    SparkModels models = new SparkModels(spark.sparkContext(), new org.apache.hadoop.fs.Path(dir.toUri()));
    models.keep(List.of(sent(centres(0))));
    assertEquals(false, Files.exists(dir.resolve("models")), "centres change each minute, and are kept with a mixture");
    for (int day = 1; day <= 9; day++) {
      models.keep(List.of(sent(centres(day)), sent(mixture(day))));
    }
    models.keep(List.of(sent(centres(9)), sent(mixture(9))));
    try (var kept = Files.list(dir.resolve("models/site/kmeans"))) {
      assertEquals(List.of("3", "4", "5", "6", "7", "8", "9"),
          kept.map(p -> p.getFileName().toString()).sorted().toList());
    }
    KMeansModel centres = KMeansModel.load(spark.sparkContext(), dir.resolve("models/site/kmeans/9").toString());
    assertArrayEquals(row(9), centres.clusterCenters()[0].toArray());
    GaussianMixtureModel mixture =
        GaussianMixtureModel.load(spark.sparkContext(), dir.resolve("models/site/gaussian-mixture/9").toString());
    assertArrayEquals(row(9), mixture.gaussians()[0].mu().toArray());
    // Rows of the factor are (1), (2 1), (3 0 1), ...: its square's corner is 1, then 2 and 5.
    assertEquals(1, mixture.gaussians()[0].sigma().apply(0, 0));
    assertEquals(2, mixture.gaussians()[0].sigma().apply(0, 1));
    assertEquals(5, mixture.gaussians()[0].sigma().apply(1, 1));
  }

  private static double[] row(int day) {
    return IntStream.range(0, N).mapToDouble(i -> day + i / 10.0).toArray();
  }

  private static ModelCard.Builder card(String kind, int day) {
    return ModelCard.newBuilder().setScope("group:site").setKind(kind).setVersion(day);
  }

  private static ModelCard centres(int day) {
    Flumen.Clusters.Builder clusters = Flumen.Clusters.newBuilder().addWeights(1);
    Lists.put(row(day), clusters::addCentres);
    return card("kmeans", day).setClusters(clusters).build();
  }

  private static ModelCard mixture(int day) {
    Flumen.Mixture.Builder mixture = Flumen.Mixture.newBuilder().addWeights(1);
    Lists.put(row(day), mixture::addMeans);
    for (int i = 0; i < N; i++) {
      for (int j = 0; j <= i; j++) {
        mixture.addFactors(i == j ? 1 : j == 0 ? i + 1 : 0);
      }
    }
    return card("gaussian-mixture", day).setMixture(mixture).build();
  }

  private static Outgoing sent(ModelCard card) {
    return Outgoing.newBuilder()
        .setTopic(Trainer.MODELS)
        .setKey(card.getScope() + "/" + card.getKind() + "/" + card.getVersion())
        .setValue(card.toByteString())
        .build();
  }
}
