package flumen.spark;

import flumen.v1.Flumen.Window;

/** Cameras that are learned together. */
final class Groups {
  private Groups() {}

  static String of(Window window) {
    return window.getGroup().isEmpty() ? "site" : window.getGroup();
  }

  /** The scope of a group's cards. */
  static String scope(String group) {
    return "group:" + group;
  }
}
