package flumen.spark;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import flumen.spark.state.LearnState;
import flumen.spark.state.Outgoing;
import flumen.spark.state.PartitionState;
import flumen.v1.Flumen.Feedback;
import flumen.v1.Flumen.Insight;
import flumen.v1.Flumen.Minute;
import flumen.v1.Flumen.ModelCard;
import flumen.v1.Flumen.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Windows in, cards and insights out, one step a minute and group.
 *
 * <p>Invariants: what a step holds depends on the order of windows inside their partitions alone,
 * never on where a batch begins or ends, nor on which partition was read first; a step is made once.
 */
final class Trainer {
  static final int LAYOUT = 6;
  static final String MODELS = "flumen.models";
  static final String INSIGHTS = "flumen.insights";
  private static final long MINUTE_US = 60_000_000;
  /** How far windows of one partition may lie apart. */
  private static final long SLACK_US = 5_000_000;
  /** A partition that is so far behind has no cameras any more. */
  private static final long IDLE_US = 600_000_000;
  private static final int KEPT_VERSIONS = 20;
  private static final int PROFILE_EVERY = 10;

  private final Settings settings;
  private final Training training;
  private final TreeMap<Integer, Long> newest = new TreeMap<>();
  private final TreeMap<String, CameraLearning> cameras = new TreeMap<>();
  private final TreeMap<String, GroupLearning> groups = new TreeMap<>();
  private final List<Outgoing> outbox = new ArrayList<>();
  private long repeats;
  private long late;
  private long steps;

  Trainer(Settings settings, Training training) {
    this.settings = settings;
    this.training = training;
  }

  /** Takes a window as it stands in its partition. */
  void take(int partition, Window window) {
    CameraLearning known = cameras.get(window.getCamera());
    if (known != null && known.knows(window)) {
      repeats++;
      return;
    }
    long end = (MinuteSoFar.minuteOf(window) + 1) * MINUTE_US;
    long seen = newest.getOrDefault(partition, Long.MIN_VALUE);
    if (seen != Long.MIN_VALUE && seen >= end + SLACK_US) {
      late++;
      return;
    }
    newest.put(partition, Math.max(seen, window.getBeginUs()));
    if (window.getBeginUs() >= settings.fromUs() && window.getBeginUs() < settings.toUs()) {
      cameras.computeIfAbsent(window.getCamera(), CameraLearning::new).take(window);
    }
  }

  /** Takes what a person said; it counts from the next step of its camera on. */
  void take(Feedback verdict) {
    CameraLearning camera = cameras.get(verdict.getCamera());
    if (camera != null) {
      camera.verdicts.take(verdict);
    }
  }

  /** Makes the steps that are complete. */
  void steps() {
    for (long minute = next(); minute >= 0 && (minute + 1) * MINUTE_US + SLACK_US <= complete(); minute = next()) {
      step(minute);
    }
  }

  /** The oldest minute that is open; -1 when there is none. */
  private long next() {
    return cameras.values().stream().filter(c -> !c.open.isEmpty()).mapToLong(c -> c.open.firstKey()).min().orElse(-1);
  }

  /** Up to here each partition that lives has been read. */
  private long complete() {
    long most = newest.values().stream().mapToLong(v -> v).max().orElse(Long.MIN_VALUE);
    return newest.values().stream().mapToLong(v -> v).filter(v -> v > most - IDLE_US).min().orElse(Long.MIN_VALUE);
  }

  private void step(long minute) {
    TreeMap<String, List<double[]>> byGroup = new TreeMap<>();
    for (CameraLearning camera : cameras.values()) {
      MinuteSoFar so = camera.open.remove(minute);
      if (so != null) {
        GroupLearning group = groups.computeIfAbsent(camera.group, GroupLearning::new);
        one(camera, group, so, byGroup.computeIfAbsent(camera.group, g -> new ArrayList<>()));
      }
    }
    byGroup.forEach((name, windows) -> {
      GroupLearning group = groups.get(name);
      if (group.minute / CameraLearning.DAY != minute / CameraLearning.DAY) {
        day(cameras.values().stream().filter(c -> name.equals(c.group)).toList(), minute);
        if (group.mixtures.fit(group.clusters, training)) {
          publish(Cards.mixture(group, own(group), minute, settings.lineage()), group.mixtures.versions);
        }
      }
      if (group.learn(minute, windows, training)) {
        publish(Cards.clusters(group, own(group), settings.lineage()), group.versions);
      }
      steps++;
    });
  }

  private void one(CameraLearning camera, GroupLearning group, MinuteSoFar so, List<double[]> windows) {
    Minute minute = so.record();
    double[] thresholds = camera.thresholds();
    double[] scores = camera.score(so, minute, group);
    camera.anomalies.minute(so.minute, Telling.of(camera, group, minute, scores, thresholds), this::tell);
    Forecasts.Ended ended = camera.forecasts.minute(minute);
    Insight health = camera.health.minute(minute);
    if (health != null) {
      tell(health);
    }
    camera.patterns.minute(so.feet);
    if (camera.learn(so, minute, scores, thresholds, training)) {
      publish(Cards.appearance(camera, so.minute, settings.lineage()), camera.looks.versions);
    }
    if (ended != null) {
      foretell(camera, ended, so.minute);
    }
    so.features.forEach(x -> windows.add(camera.normals.standardised(x)));
    if (so.sample != null) {
      group.sample(camera.camera, so.sample);
    }
    if (camera.hear(so.minute) || so.minute % PROFILE_EVERY == camera.turn() % PROFILE_EVERY) {
      publish(Cards.profile(camera, so.minute, settings.lineage()), camera.versions);
    }
  }

  /** What is learned of a group once a day. */
  private void day(List<CameraLearning> own, long minute) {
    List<List<ByteString>> candidates = Paths.candidates(own.stream().map(c -> c.patterns).toList(), training);
    for (int i = 0; i < own.size(); i++) {
      CameraLearning camera = own.get(i);
      Patterns.Mined mined = camera.patterns.turn(minute / CameraLearning.DAY, candidates.get(i));
      if (mined != null) {
        publish(Cards.patterns(camera, mined.record(), minute, settings.lineage()), camera.patterns.versions);
        if (mined.fresh() != null) {
          tell(camera.patterns.insight(camera.camera, mined.fresh()));
        }
      }
    }
    Forecasts.fit(own.stream().map(c -> c.forecasts).toList(), training);
  }

  /** Gives out what an ended hour asks for. */
  private void foretell(CameraLearning camera, Forecasts.Ended ended, long minute) {
    if (ended.day()) {
      publish(Cards.forecast(camera, minute, settings.lineage()), camera.forecasts.versions);
    }
    tell(camera.forecasts.insight(camera.camera, ended));
  }

  private TreeMap<String, CameraLearning> own(GroupLearning group) {
    TreeMap<String, CameraLearning> own = new TreeMap<>(cameras);
    own.values().removeIf(c -> !group.group.equals(c.group));
    return own;
  }

  private void publish(ModelCard card, List<Long> versions) {
    String name = card.getScope() + "/" + card.getKind() + "/";
    send(MODELS, name + card.getVersion(), card);
    versions.add(card.getVersion());
    while (versions.size() > KEPT_VERSIONS) {
      outbox.add(Outgoing.newBuilder().setTopic(MODELS).setKey(name + versions.remove(0)).setGone(true).build());
    }
  }

  private void tell(Insight insight) {
    send(INSIGHTS, insight.getCamera(), insight);
  }

  private void send(String topic, String key, MessageLite value) {
    outbox.add(Outgoing.newBuilder().setTopic(topic).setKey(key).setValue(value.toByteString()).build());
  }

  /** The state after a batch; what it publishes is in it. */
  LearnState save(long batch, String checkpoint) {
    LearnState.Builder to = LearnState.newBuilder()
        .setLayout(LAYOUT)
        .setCheckpoint(checkpoint)
        .setBatch(batch)
        .setRepeats(repeats)
        .setLate(late)
        .setSteps(steps)
        .addAllOutbox(outbox);
    newest.forEach((p, us) -> to.addPartitions(PartitionState.newBuilder().setPartition(p).setNewestUs(us)));
    cameras.values().forEach(c -> to.addCameras(c.save()));
    groups.values().forEach(g -> to.addGroups(g.save()));
    return to.build();
  }

  /** Goes on from the state after a batch. */
  static Trainer load(LearnState from, Settings settings, Training training) {
    Trainer trainer = new Trainer(settings, training);
    from.getPartitionsList().forEach(p -> trainer.newest.put(p.getPartition(), p.getNewestUs()));
    from.getCamerasList().forEach(c -> trainer.cameras.put(c.getCamera(), CameraLearning.load(c)));
    from.getGroupsList().forEach(g -> trainer.groups.put(g.getGroup(), GroupLearning.load(g)));
    trainer.repeats = from.getRepeats();
    trainer.late = from.getLate();
    trainer.steps = from.getSteps();
    return trainer;
  }
}
