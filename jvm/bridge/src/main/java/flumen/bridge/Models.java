package flumen.bridge;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The table {@code flumen.models} as one operator has read it, for all its analyzers.
 *
 * <p>A card is checked once. Native memory is held until {@link #close}; analyzers that follow a
 * closed table keep what it had. Every method throws {@link BridgeException} and nothing else.
 */
public final class Models implements AutoCloseable {
  private final AtomicLong number;

  private Models(long number) {
    this.number = new AtomicLong(number);
  }

  /** A table that is empty. */
  public static Models open() {
    Library.load();
    return new Models(Analyzer.number(Native.models()));
  }

  /**
   * Takes a record of {@code flumen.models}; one from before an offset that was taken changes
   * nothing.
   *
   * @param value null when the key was removed
   * @return what is to be told of a card that is refused: the one before goes on
   */
  public List<Output> put(byte[] key, long offset, byte[] value, long timestampUs) {
    return Analyzer.outputs(Native.model(number.get(), key, offset, value, timestampUs));
  }

  long number() {
    return number.get();
  }

  @Override
  public void close() {
    long last = number.getAndSet(0);
    if (last != 0) {
      Native.check(Native.forget(last));
    }
  }
}
