/** The key of a setting that is written in any spelling: baseLr, base-lr, base_lr. */
export function settingKeyOf(name: string): string {
  return name.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
