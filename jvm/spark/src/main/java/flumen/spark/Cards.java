package flumen.spark;

import flumen.spark.state.GroupState;
import flumen.v1.Flumen;
import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.ModelCard;
import java.util.List;
import java.util.SortedMap;
import java.util.function.ToDoubleFunction;

/** Model cards of what was learned, with golden vectors (docs/ref/models.md). */
final class Cards {
  static final String TRAINER = "mllib " + org.apache.spark.package$.MODULE$.SPARK_VERSION();
  private static final long MINUTE_US = 60_000_000;

  private Cards() {}

  static ModelCard clusters(GroupLearning group, SortedMap<String, CameraLearning> cameras, String lineage) {
    Flumen.Clusters.Builder clusters = Flumen.Clusters.newBuilder();
    group.clusters.centres.forEach(c -> Lists.put(c, clusters::addCentres));
    Lists.put(group.clusters.weights, clusters::addWeights);
    ModelCard.Builder card = card(Groups.scope(group.group), "kmeans", group.minute, lineage)
        .setParent(last(group.versions))
        .setFromUs(group.fromUs)
        .setWindows(group.windows)
        .setClusters(clusters);
    ofWindows(card, group, cameras, CameraLearning.CLUSTER, group.clusters::nearest);
    return card.build();
  }

  static ModelCard mixture(
      GroupLearning group, SortedMap<String, CameraLearning> cameras, long minute, String lineage) {
    ModelCard.Builder card = card(Groups.scope(group.group), "gaussian-mixture", minute, lineage)
        .setParent(last(group.mixtures.versions))
        .setFromUs(group.fromUs)
        .setWindows(group.windows)
        .setMixture(group.mixtures.record());
    ofWindows(card, group, cameras, CameraLearning.DENSITY, group.mixtures.model::density);
    return card.build();
  }

  /** Normals and golden vectors of a model that scores a group's windows. */
  private static void ofWindows(
      ModelCard.Builder card,
      GroupLearning group,
      SortedMap<String, CameraLearning> cameras,
      int dimension,
      ToDoubleFunction<double[]> score) {
    cameras.values().stream()
        .filter(c -> c.normals.windows > 0)
        .forEach(c -> card.addNormals(normal(c, dimension, dimension + 1, true)));
    for (GroupState.Sample sample : group.samples) {
      CameraLearning camera = cameras.get(sample.getCamera());
      if (camera != null) {
        double[] z = camera.normals.standardised(Features.of(sample.getWindow()));
        card.addGolden(ModelCard.Golden.newBuilder()
            .setCamera(camera.camera)
            .setWindow(sample.getWindow())
            .addScores(score.applyAsDouble(z)));
      }
    }
  }

  static ModelCard profile(CameraLearning camera, long minute, String lineage) {
    ModelCard.Builder card = card(camera.camera, "profile", minute, lineage)
        .setParent(last(camera.versions))
        .setFromUs(camera.fromUs)
        .setWindows(camera.windows)
        .setMinutes(camera.minutes)
        .setProfile(camera.profile.record())
        .addNormals(normal(camera, 0, CameraLearning.ABSENCE + 1, false));
    for (Minute sample : camera.samples) {
      ModelCard.Golden.Builder golden =
          ModelCard.Golden.newBuilder().setCamera(camera.camera).setMinute(sample);
      Lists.put(camera.profile.scores(sample), golden::addScores);
      card.addGolden(golden);
    }
    return card.build();
  }

  static ModelCard appearance(CameraLearning camera, long minute, String lineage) {
    ModelCard.Builder card = card(camera.camera, "appearance", minute, lineage)
        .setParent(last(camera.looks.versions))
        .setFromUs(camera.fromUs)
        .setWindows(camera.windows)
        .setMinutes(camera.minutes)
        .setAppearance(camera.looks.record())
        .addNormals(normal(camera, CameraLearning.LOOK, CameraLearning.LOOK + 1, false));
    for (Minute sample : camera.looks.samples) {
      card.addGolden(ModelCard.Golden.newBuilder()
          .setCamera(camera.camera)
          .setMinute(sample)
          .addScores(camera.looks.score(sample)));
    }
    return card.build();
  }

  static ModelCard forecast(CameraLearning camera, long minute, String lineage) {
    return card(camera.camera, "forecast", minute, lineage)
        .setParent(last(camera.forecasts.versions))
        .setFromUs(camera.fromUs)
        .setWindows(camera.windows)
        .setMinutes(camera.minutes)
        .addAllMeasures(camera.forecasts.measures())
        .setForecaster(camera.forecasts.record())
        .build();
  }

  static ModelCard patterns(CameraLearning camera, Flumen.Patterns paths, long minute, String lineage) {
    return card(camera.camera, "patterns", minute, lineage)
        .setParent(last(camera.patterns.versions))
        .setFromUs(camera.fromUs)
        .setWindows(camera.windows)
        .setMinutes(camera.minutes)
        .setPatterns(paths)
        .build();
  }

  private static ModelCard.Builder card(String scope, String kind, long minute, String lineage) {
    return ModelCard.newBuilder()
        .setScope(scope)
        .setKind(kind)
        .setVersion(minute)
        .setLineage(lineage)
        .setTrainer(TRAINER)
        .setSchema(Features.SCHEMA)
        .setToUs((minute + 1) * MINUTE_US);
  }

  /** What is normal of a camera: thresholds of some dimensions, mean and deviation on request. */
  private static ModelCard.Normal normal(CameraLearning camera, int from, int to, boolean scale) {
    ModelCard.Normal.Builder normal =
        ModelCard.Normal.newBuilder().setCamera(camera.camera).setMinutes(camera.minutes);
    if (scale) {
      Lists.put(camera.normals.mean, normal::addMean);
      Lists.put(camera.normals.deviation(), normal::addDeviation);
    }
    for (int i = from; i < to; i++) {
      double threshold = camera.threshold(i);
      if (threshold > 0) {
        normal.addThresholds(ModelCard.Threshold.newBuilder()
            .setDimension(CameraLearning.DIMENSIONS.get(i))
            .setScore(threshold));
      }
    }
    return normal.build();
  }

  private static long last(List<Long> versions) {
    return versions.isEmpty() ? 0 : versions.get(versions.size() - 1);
  }
}
