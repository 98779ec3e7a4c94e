import type { ModelInput, ModelLabels } from '../../../data/images/modelInput.js';
import type { ModelAbout } from '../../modelAbout.js';

/** What an image's class is recognised by. */
export interface HeatMap {
  /** [height, width], not negative. */
  readonly heat: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** A model that classifies images in the page. */
export interface ImageModel {
  readonly about: ModelAbout;
  readonly labels: ModelLabels;
  /** Logits of an image that was prepared for {@link labels}. */
  logitsOf(input: ModelInput): Promise<Float32Array>;
  /** The model as an ONNX file that takes normalised images. Absent if it is one already. */
  readonly onnx?: ((numbers: 'f32' | 'f16') => Uint8Array) | undefined;
  /** Grad-CAM of an image toward a class. Absent if the model cannot tell. */
  readonly heatOf?: ((input: ModelInput, label: number) => Promise<HeatMap>) | undefined;
  /** Frees the model. */
  close(): Promise<void>;
}
