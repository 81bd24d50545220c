package flumen.bridge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The analysis of one camera, in native code: records of {@code flumen.video} in, records of the
 * result topics out.
 *
 * <p>The results depend on the records and on the camera's versions alone. One thread at a time; a
 * second one waits. Native memory is held until {@link #close}; after it every call throws, and a
 * second close does nothing. Every method throws {@link BridgeException} and nothing else.
 */
public final class Analyzer implements AutoCloseable {
  private final AtomicLong number;

  private Analyzer(byte[] reply) {
    number = new AtomicLong(number(reply));
  }

  /**
   * An analyzer that has seen nothing.
   *
   * @param camera the camera's id, the key of its records
   * @param card the value of its newest record in {@code flumen.cameras}; null when there is none
   */
  public static Analyzer open(String camera, byte[] card) {
    Library.load();
    return new Analyzer(Native.open(utf8(camera), card));
  }

  /** The analyzer that {@link #snapshot} was taken of. */
  public static Analyzer restore(String camera, byte[] snapshot) {
    Library.load();
    return new Analyzer(Native.restore(utf8(camera), snapshot));
  }

  /**
   * Takes a record of {@code flumen.video}.
   *
   * <p>A record that can't be used gives an output for {@code flumen.rejects}; it never throws.
   *
   * @param header the record's header {@code h}, or null when it has none
   * @param value the record's value; null and empty are the same
   */
  public List<Output> process(int partition, long offset, byte[] header, byte[] value) {
    return outputs(Native.process(number.get(), partition, offset, header, value));
  }

  /** A newer version of the camera's record; it counts from its own time on. */
  public void card(byte[] camera) {
    Native.check(Native.card(number.get(), camera));
  }

  /** Takes learned models from this table from now on; each counts from its own time on. */
  public void follow(Models models) {
    Native.check(Native.follow(number.get(), models.number()));
  }

  /** All that is needed to go on elsewhere, at most about 8 MiB and a few planes. */
  public byte[] snapshot() {
    return Native.answer(Native.snapshot(number.get()));
  }

  /** What is wrong, or was since the last key frame, for a person; empty when nothing is. */
  public String problem() {
    return Native.text(Native.problem(number.get()));
  }

  @Override
  public void close() {
    long last = number.getAndSet(0);
    if (last != 0) {
      Native.check(Native.close(last));
    }
  }

  /**
   * The output for a record of {@code flumen.video} whose key is no camera's id, for which there
   * can be no analyzer.
   */
  public static List<Output> stray(
      byte[] key, int partition, long offset, byte[] value, long timestampUs) {
    Library.load();
    return outputs(Native.stray(key, partition, offset, value, timestampUs));
  }

  /** Analyzers that are open in this JVM. */
  public static long count() {
    Library.load();
    return number(Native.count());
  }

  /** The version of library and jar. */
  public static String version() {
    Library.load();
    return Native.text(Native.version());
  }

  private static byte[] utf8(String text) {
    return text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
  }

  static long number(byte[] reply) {
    Native.check(reply);
    return ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).getLong(1);
  }

  static List<Output> outputs(byte[] reply) {
    Native.check(reply);
    if (reply.length == 1) {
      return List.of();
    }
    ByteBuffer from = ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).position(1);
    List<Output> all = new ArrayList<>(4);
    while (from.hasRemaining()) {
      String topic = new String(take(from, from.getShort() & 0xffff), StandardCharsets.UTF_8);
      byte[] key = take(from, from.getInt());
      long timestampUs = from.getLong();
      all.add(new Output(topic, key, timestampUs, take(from, from.getInt())));
    }
    return all;
  }

  private static byte[] take(ByteBuffer from, int length) {
    int at = from.position();
    from.position(at + length);
    return Arrays.copyOfRange(from.array(), at, at + length);
  }
}
