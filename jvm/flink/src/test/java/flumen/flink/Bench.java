package flumen.flink;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;

/** The operator in as many subtasks as wanted, without Kafka and without a cluster. */
final class Bench implements AutoCloseable {
  static final int GROUPS = 128;
  private final List<KeyedTwoInputStreamOperatorTestHarness<String, Packet, Card, Result>> tasks = new ArrayList<>();

  /** {@code before} is what {@link #snapshot} gave, or null. */
  Bench(Engine engine, Cards cards, int parallelism, OperatorSubtaskState before, int parallelismBefore) throws Exception {
    for (int i = 0; i < parallelism; i++) {
      var task = new KeyedTwoInputStreamOperatorTestHarness<String, Packet, Card, Result>(
          new Analysis(engine, cards), Packet::camera, null, BasicTypeInfo.STRING_TYPE_INFO, GROUPS, parallelism, i);
      task.setup(Result.TYPE.createSerializer(null));
      if (before != null) {
        task.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(
            before, GROUPS, parallelismBefore, parallelism, i));
      }
      task.open();
      tasks.add(task);
    }
  }

  private KeyedTwoInputStreamOperatorTestHarness<String, Packet, Card, Result> of(String camera) {
    return tasks.get(KeyGroupRangeAssignment.assignKeyToParallelOperator(camera, GROUPS, tasks.size()));
  }

  /** Feeds one packet and gives the values that came out. */
  List<Result> packet(String camera, long offset, byte[] header, byte[] value) throws Exception {
    var task = of(camera);
    task.processElement1(new StreamRecord<>(new Packet(camera, 0, offset, offset, header, value)));
    List<Result> results = new ArrayList<>();
    for (Object out; (out = task.getOutput().poll()) != null; ) {
      results.add((Result) ((StreamRecord<?>) out).getValue());
    }
    return results;
  }

  /** As {@link #packet} for the counting engine; null when nothing came. */
  String packet(String camera, long offset, String value) throws Exception {
    List<Result> results = packet(camera, offset, null, Counting.bytes(value));
    return results.isEmpty() ? null : Counting.text(results.get(0).value());
  }

  void card(String camera, long offset, byte[] value) throws Exception {
    for (var task : tasks) {
      task.processElement2(new StreamRecord<>(new Card(camera, offset, value)));
    }
  }

  /** Gives all subtasks a record of the table of models; what they say of it. */
  List<Result> model(String key, long offset, byte[] value) throws Exception {
    List<Result> results = new ArrayList<>();
    for (var task : tasks) {
      task.processElement2(new StreamRecord<>(new Card(key, true, offset, 7, value)));
      for (Object out; (out = task.getOutput().poll()) != null; ) {
        results.add((Result) ((StreamRecord<?>) out).getValue());
      }
    }
    return results;
  }

  OperatorSubtaskState snapshot(long checkpoint) throws Exception {
    OperatorSubtaskState[] all = new OperatorSubtaskState[tasks.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = tasks.get(i).snapshot(checkpoint, checkpoint);
    }
    return AbstractStreamOperatorTestHarness.repackageState(all);
  }

  @Override
  public void close() throws Exception {
    for (var task : tasks) {
      task.close();
    }
  }
}
