package flumen.flink;

import flumen.bridge.BridgeException;
import flumen.bridge.Output;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An engine without native code whose answer tells its whole history: camera, card, number of packets and a hash
 * over all of them. It refuses the state of another camera.
 */
final class Counting implements Engine {
  private static final long serialVersionUID = 1;
  static final AtomicInteger OPEN = new AtomicInteger();
  static final AtomicInteger TABLES = new AtomicInteger();

  @Override
  public Session open(String camera, byte[] card) {
    if (camera.isEmpty()) {
      throw refusal(BridgeException.Code.INVALID);
    }
    return new Counted(camera, card == null ? "-" : text(card), 0, 7);
  }

  @Override
  public Session restore(String camera, byte[] snapshot) {
    String[] parts = text(snapshot).split(" ");
    if (!parts[0].equals(camera)) {
      throw new IllegalStateException("the state of " + parts[0] + " was given to " + camera);
    }
    return new Counted(camera, parts[1], Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
  }

  /** Refuses what says so; sessions name the last one that was taken. */
  static final class Table implements Models {
    String last = "";

    @Override
    public List<Output> put(Card card) {
      if (text(card.value()).equals("bad")) {
        return List.of(new Output("flumen.rejects", bytes(card.camera()), 0, card.value()));
      }
      last = "+" + card.camera();
      return List.of();
    }

    @Override
    public void close() {
      TABLES.decrementAndGet();
    }
  }

  @Override
  public Models models() {
    TABLES.incrementAndGet();
    return new Table();
  }

  @Override
  public List<Output> stray(Packet packet) {
    return List.of(new Output("flumen.rejects", packet.value(), 0, bytes("stray")));
  }

  /** The bridge alone makes these. */
  private static BridgeException refusal(BridgeException.Code code) {
    try {
      var constructor = BridgeException.class.getDeclaredConstructor(BridgeException.Code.class, String.class);
      constructor.setAccessible(true);
      return constructor.newInstance(code, "a test");
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static final class Counted implements Session {
    private final String camera;
    private String card;
    private int count;
    private int hash;
    private boolean closed;
    private Table table;

    Counted(String camera, String card, int count, int hash) {
      this.camera = camera;
      this.card = card;
      this.count = count;
      this.hash = hash;
      OPEN.incrementAndGet();
    }

    @Override
    public List<Output> process(int partition, long offset, byte[] header, byte[] value) {
      if (text(value).equals("panic")) {
        throw refusal(BridgeException.Code.INTERNAL);
      }
      count++;
      hash = 31 * hash + java.util.Arrays.hashCode(value);
      return List.of(new Output("flumen.frames", bytes(camera), Long.MAX_VALUE, bytes(toString() + table.last)));
    }

    @Override
    public void card(byte[] newer) {
      card = text(newer);
    }

    @Override
    public void follow(Models models) {
      table = (Table) models;
    }

    @Override
    public byte[] snapshot() {
      return bytes(toString());
    }

    @Override
    public String problem() {
      return "";
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        OPEN.decrementAndGet();
      }
    }

    @Override
    public String toString() {
      return camera + " " + card + " " + count + " " + hash;
    }
  }
}
