/** Images of every kind, written and read by Pillow, against ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRgb } from '../../src/data/images/decode.js';
import { adjustHue } from '../../src/data/images/hue.js';
import { runPython, skipWithoutPython } from '../support/python.js';

const SNIPPET = `
import io
from PIL import Image

w, h = 45, 31
y, x, c = np.mgrid[0:h, 0:w, 0:4]
rgba = ((x * y * 7 + x * 3 + y * 5 + c * 50) % 256).astype(np.uint8)
smooth = (x * 5 + y * 3 + c * 40).clip(0, 255).astype(np.uint8)
wide = ((x[..., 0] * 1500 + y[..., 0] * 7) % 65536).astype(np.uint16)
photo, colours = Image.fromarray(smooth[..., :3]), Image.fromarray(rgba[..., :3])
turned = Image.Exif()
turned[274] = 6
written = []

def write(name, image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    written.append((name, stream.getvalue()))

write('jpeg 4:2:0', photo, 'JPEG', quality=80)
write('jpeg 4:4:4', photo, 'JPEG', quality=95, subsampling=0)
write('jpeg progressive', colours, 'JPEG', progressive=True)
write('jpeg grey', photo.convert('L'), 'JPEG')
write('jpeg with EXIF', photo, 'JPEG', exif=turned)
write('jpeg cmyk', Image.fromarray(smooth, 'CMYK'), 'JPEG', quality=95)
cmyk = written[-1][1]
at = cmyk.find(b'Adobe') - 4
written.append(('jpeg cmyk without marker', cmyk[:at] + cmyk[at + 2 + int.from_bytes(cmyk[at + 2:at + 4], 'big'):]))
write('png', colours, 'PNG')
write('png alpha', Image.fromarray(rgba, 'RGBA'), 'PNG')
write('png grey', colours.convert('L'), 'PNG')
write('png grey alpha', Image.fromarray(rgba, 'RGBA').convert('LA'), 'PNG')
write('png palette', colours.quantize(17), 'PNG')
write('png palette transparency', colours.quantize(17), 'PNG', transparency=3)
write('png black and white', colours.convert('1'), 'PNG')
write('png grey 16', Image.fromarray(wide), 'PNG')
write('png gamma and profile', colours, 'PNG', icc_profile=b'not a profile')
write('webp lossless', colours, 'WEBP', lossless=True)
write('webp lossless alpha', Image.fromarray(rgba, 'RGBA'), 'WEBP', lossless=True, exact=True)
write('webp lossy', photo, 'WEBP', quality=80)
write('gif', colours.quantize(200), 'GIF')
write('gif of several images', colours.quantize(64), 'GIF', save_all=True, append_images=[photo.quantize(64)])
write('tiff', colours, 'TIFF')
write('tiff lzw', colours, 'TIFF', compression='tiff_lzw')
write('tiff grey', colours.convert('L'), 'TIFF')
write('tiff black and white', colours.convert('1'), 'TIFF')
write('tiff alpha', Image.fromarray(rgba, 'RGBA'), 'TIFF')
write('tiff cmyk', Image.fromarray(smooth, 'CMYK'), 'TIFF')
write('tiff grey 16', Image.fromarray(wide), 'TIFF')
write('mpo', photo, 'MPO', quality=90, save_all=True, append_images=[colours])
result['names'] = [name for name, _ in written]
for i, (_, content) in enumerate(written):
    result['in%d' % i] = torch.from_numpy(np.frombuffer(content, np.uint8).copy())
    result['out%d' % i] = torch.from_numpy(np.asarray(Image.open(io.BytesIO(content)).convert('RGB')).copy())
`;

test('decoding agrees with Pillow’s convert("RGB")', {
  skip: skipWithoutPython('numpy', 'torch', 'PIL'),
}, async (t) => {
  const { values, tensors } = await runPython<{ names: string[] }>(SNIPPET);
  for (const [i, name] of values.names.entries()) {
    await t.test(name, async () => {
      const [input, output] = [tensors[`in${i}`]!.data, tensors[`out${i}`]!];
      assert.ok(input instanceof Uint8Array);
      const image = await decodeRgb(input, name);
      assert.deepEqual([image.height, image.width, 3], output.shape);
      const differences = Array.from(image.data, (x, at) => Math.abs(x - Number(output.data[at])));
      assert.equal(Math.max(...differences), 0);
    });
  }
});

test('a turn of the hue is torchvision’s on Pillow, to the bit', {
  skip: skipWithoutPython('numpy', 'torch', 'torchvision', 'PIL'),
}, async () => {
  const turns = [0.1, -0.1, 0.5, -0.5, 0.33, -0.003, 0];
  const { tensors } = await runPython(
    `
from PIL import Image
from torchvision.transforms.functional import adjust_hue

colours = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
colours[:64] = colours[:64] // 64 * 85
colours[64:128, :, 1] = colours[64:128, :, 0]
result['in'] = torch.from_numpy(colours)
for i, turn in enumerate(args):
    result['out%d' % i] = torch.from_numpy(np.asarray(adjust_hue(Image.fromarray(colours), turn)).copy())
`,
    { args: turns },
  );
  for (const [i, turn] of turns.entries()) {
    const rgb = Uint8Array.from(tensors.in!.data as Uint8Array);
    adjustHue(rgb, turn);
    assert.deepEqual(rgb, tensors[`out${i}`]!.data, `a turn of ${turn}`);
  }
});

test('all orientations are Pillow’s exif_transpose, to the bit', {
  skip: skipWithoutPython('numpy', 'torch', 'PIL'),
}, async (t) => {
  const { values, tensors } = await runPython<{ names: string[] }>(`
import io
from PIL import Image, ImageOps

y, x, c = np.mgrid[0:31, 0:45, 0:3]
photo = Image.fromarray(((x * y * 7 + x * 3 + y * 5 + c * 50) % 256).astype(np.uint8))
grey16 = Image.fromarray(((x[..., 0] * 9 + y[..., 0] * 7) % 65536).astype(np.uint16))
four = Image.fromarray((x * 5 + y * 3 + c[..., :1] * 40).clip(0, 255).astype(np.uint8)[..., [0, 1, 2, 0]], 'CMYK')
result['names'] = []
for format, image in [('JPEG', photo), ('PNG', photo), ('WEBP', photo), ('PNG', grey16), ('JPEG', four)]:
    for orientation in range(10):
        exif = Image.Exif()
        exif[274] = orientation
        stream = io.BytesIO()
        image.save(stream, format, exif=exif, lossless=True)
        i = len(result['names'])
        result['names'].append('%s %s %d' % (format, image.mode, orientation))
        result['in%d' % i] = torch.from_numpy(np.frombuffer(stream.getvalue(), np.uint8).copy())
        upright = ImageOps.exif_transpose(Image.open(stream)).convert('RGB')
        result['out%d' % i] = torch.from_numpy(np.asarray(upright).copy())
`);
  assert.equal(values.names.length, 50);
  for (const [i, name] of values.names.entries()) {
    await t.test(name, async () => {
      const [input, output] = [tensors[`in${i}`]!.data, tensors[`out${i}`]!];
      const image = await decodeRgb(input as Uint8Array, name, 'apply');
      assert.deepEqual([image.height, image.width, 3], output.shape);
      assert.ok(Buffer.from(image.data).equals(output.data as Uint8Array), 'other pixels');
    });
  }
});
