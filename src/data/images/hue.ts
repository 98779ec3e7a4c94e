const { fround } = Math;

/**
 * Turns every pixel's hue in place, as torchvision does on Pillow's mode HSV, whose hue has 255 steps a turn.
 *
 * @param rgb [pixels, 3]
 * @param turn share of the colour circle, −0.5 to 0.5
 */
export function adjustHue(rgb: Uint8Array, turn: number): void {
  const steps = Math.trunc(turn * 255);
  for (let i = 0; i < rgb.length; i += 3) {
    const red = rgb[i]!;
    const green = rgb[i + 1]!;
    const blue = rgb[i + 2]!;
    const value = Math.max(red, green, blue);
    const chroma = value - Math.min(red, green, blue);
    const saturation = chroma === 0 ? 0 : Math.trunc(fround(chroma / value) * 255);
    if (saturation === 0) {
      write(rgb, i, value, value, value);
      continue;
    }
    const hue = (hueOf(red, green, blue, value, chroma) + steps) & 255;
    writeColour(rgb, i, hue, saturation, value);
  }
}

/** Hue in steps of 1/255 turn (Convert.c, `rgb2hsv_row`): fractions are 32-bit, sums with constants 64-bit. */
function hueOf(red: number, green: number, blue: number, value: number, chroma: number): number {
  const r = fround((value - red) / chroma);
  const g = fround((value - green) / chroma);
  const b = fround((value - blue) / chroma);
  const sixths = fround(value === red ? b - g : value === green ? 2 + r - b : 4 + g - r);
  return Math.trunc(fround((sixths / 6 + 1) % 1) * 255);
}

/** Red, green and blue of a hue, saturation and value (Convert.c, `hsv2rgb`). */
function writeColour(rgb: Uint8Array, at: number, hue: number, saturation: number, value: number): void {
  const sixths = (hue * 6) / 255;
  const sector = Math.floor(sixths);
  const rest = fround(sixths - sector);
  const share = fround(saturation / 255);
  const low = Math.round(value * (1 - share));
  const falling = Math.round(value * (1 - fround(share * rest)));
  const rising = Math.round(value * (1 - share * (1 - rest)));
  switch (sector % 6) {
    case 0:
      write(rgb, at, value, rising, low);
      break;
    case 1:
      write(rgb, at, falling, value, low);
      break;
    case 2:
      write(rgb, at, low, value, rising);
      break;
    case 3:
      write(rgb, at, low, falling, value);
      break;
    case 4:
      write(rgb, at, rising, low, value);
      break;
    default:
      write(rgb, at, value, low, falling);
  }
}

function write(rgb: Uint8Array, at: number, red: number, green: number, blue: number): void {
  rgb[at] = red;
  rgb[at + 1] = green;
  rgb[at + 2] = blue;
}
