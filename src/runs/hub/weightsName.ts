import { existsSync } from 'node:fs';

/** What names published weights, in place of a file. */
export type WeightsName =
  | {
      /** `torchvision/mobilenet_v3_large` or `torchvision/mobilenet_v3_large.IMAGENET1K_V1`. */
      readonly library: 'torchvision';
      readonly model: string;
      /** Undefined for torchvision's default. */
      readonly tag: string | undefined;
    }
  | {
      /** `timm/mobilenetv3_large_100.ra_in1k`, with `@revision` at the end if it is not `main`. */
      readonly library: 'huggingFace';
      readonly repo: string;
      readonly revision: string;
    };

const TORCHVISION = /^torchvision\/([\w-]+)(?:\.(\w+))?$/;
const REPOSITORY = /^(hf-hub:)?([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?$/;

/** Endings of files, which no repository has that is meant. */
const FILE = /\.(safetensors|pth|pt|bin|ckpt|onnx|tar|gz|zip|npz|h5|pkl)$/i;

/** The published weights that a text names; undefined for a file's path. A file or folder that exists is always meant itself. */
export function weightsName(source: string): WeightsName | undefined {
  if (existsSync(source)) return undefined;
  const [, model, tag] = TORCHVISION.exec(source) ?? [];
  if (model !== undefined && !FILE.test(source)) return { library: 'torchvision', model, tag };
  const [, prefix, repo, revision = 'main'] = REPOSITORY.exec(source) ?? [];
  if (repo === undefined || (prefix === undefined && FILE.test(source))) return undefined;
  return { library: 'huggingFace', repo, revision };
}
