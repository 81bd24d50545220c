package flumen.bridge;

/** Native code says no: whose fault it is, whether to try again, and what happened. */
public final class BridgeException extends RuntimeException {
  /** The kinds of errors, the same as everywhere in Flumen; the numbers cross the boundary. */
  public enum Code {
    /** The caller gave something that can never work; a closed analyzer too. */
    INVALID(false),
    /** What was asked for is not there. */
    NOT_FOUND(false),
    /** Well formed, but this build or machine cannot do it. */
    UNSUPPORTED(false),
    /** Away just now. */
    UNAVAILABLE(true),
    /** A stated limit is reached. */
    EXHAUSTED(true),
    /** Bytes are damaged. */
    DATA_LOSS(false),
    /** Somebody asked for it to stop. */
    CANCELLED(false),
    /** A bug of ours; the analyzer is poisoned. */
    INTERNAL(false);

    private final boolean retry;

    Code(boolean retry) {
      this.retry = retry;
    }

    /** True when the same call may succeed later. */
    public boolean retry() {
      return retry;
    }

    static Code of(int number) {
      return number >= 1 && number <= values().length ? values()[number - 1] : INTERNAL;
    }
  }

  private static final long serialVersionUID = 1;
  private final Code code;

  BridgeException(Code code, String message) {
    this(code, message, null);
  }

  BridgeException(Code code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** The kind of error. */
  public Code code() {
    return code;
  }
}
