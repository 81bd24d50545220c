package flumen.spark;

import flumen.spark.state.GroupState;
import flumen.v1.Flumen.Window;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** What is learned of the cameras of a group together. */
final class GroupLearning {
  private static final int SAMPLES = 16;

  final String group;
  /** Nothing before there were enough windows. */
  Clusters clusters;
  Mixtures mixtures = new Mixtures();
  long minute = -1;
  long windows;
  long fromUs;
  final Deque<GroupState.Sample> samples = new ArrayDeque<>();
  final List<Long> versions = new ArrayList<>();
  private final List<double[]> first = new ArrayList<>();

  GroupLearning(String group) {
    this.group = group;
  }

  /** Learns from the standardised windows of a step; true when the centres moved. */
  boolean learn(long minute, List<double[]> step, Training training) {
    fromUs = this.minute < 0 ? minute * 60_000_000L : fromUs;
    this.minute = minute;
    windows += step.size();
    mixtures.sample(minute, step);
    if (step.isEmpty()) {
      return false;
    }
    if (clusters != null) {
      clusters = training.move(clusters, step);
      return true;
    }
    first.addAll(step);
    if (first.size() < Clusters.ENOUGH) {
      return false;
    }
    clusters = training.move(Clusters.first(first), first);
    first.clear();
    return true;
  }

  void sample(String camera, Window window) {
    if (samples.size() == SAMPLES) {
      samples.removeFirst();
    }
    samples.addLast(GroupState.Sample.newBuilder().setCamera(camera).setWindow(window).build());
  }

  GroupState save() {
    GroupState.Builder to = GroupState.newBuilder()
        .setGroup(group)
        .setMinute(minute)
        .setWindows(windows)
        .setFromUs(fromUs)
        .addAllSamples(samples)
        .addAllVersions(versions)
        .setMixtures(mixtures.save());
    first.forEach(z -> Lists.put(z, to::addFirst));
    if (clusters != null) {
      clusters.centres.forEach(c -> Lists.put(c, to::addCentres));
      Lists.put(clusters.weights, to::addWeights);
    }
    return to.build();
  }

  static GroupLearning load(GroupState from) {
    GroupLearning it = new GroupLearning(from.getGroup());
    it.minute = from.getMinute();
    it.windows = from.getWindows();
    it.fromUs = from.getFromUs();
    it.samples.addAll(from.getSamplesList());
    it.versions.addAll(from.getVersionsList());
    it.mixtures = Mixtures.load(from.getMixtures());
    it.first.addAll(Lists.rows(from.getFirstList(), Features.COUNT));
    if (from.getWeightsCount() > 0) {
      it.clusters = new Clusters(
          Lists.rows(from.getCentresList(), Features.COUNT), Lists.array(from.getWeightsList()));
    }
    return it;
  }
}
