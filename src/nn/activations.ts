import * as ops from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from './layer.js';

/** max(x, 0). */
export class ReLU extends Layer {
  override forward(x: Tensor): Tensor {
    return ops.relu(x);
  }
}

/** min(max(x, 0), 6). */
export class ReLU6 extends Layer {
  override forward(x: Tensor): Tensor {
    return ops.relu6(x);
  }
}

/** min(max(x, minimum), maximum); the bounds are −1 and 1 by default, as PyTorch's. */
export class Hardtanh extends Layer {
  constructor(
    private readonly minimum = -1,
    private readonly maximum = 1,
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return ops.clamp(x, this.minimum, this.maximum);
  }
}

/** x where x > 0, else slope·x. */
export class LeakyReLU extends Layer {
  /** @param slope default 0.01, PyTorch's `negative_slope` */
  constructor(private readonly slope = 0.01) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return ops.leakyRelu(x, this.slope);
  }
}

/** x·sigmoid(x). */
export class SiLU extends Layer {
  override forward(x: Tensor): Tensor {
    return ops.silu(x);
  }
}

/** x·Φ(x), by the error function. */
export class GELU extends Layer {
  override forward(x: Tensor): Tensor {
    return ops.gelu(x);
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Layer {
  override forward(x: Tensor): Tensor {
    return ops.tanh(x);
  }
}

/** 1/(1 + e⁻ˣ). */
export class Sigmoid extends Layer {
  override forward(x: Tensor): Tensor {
    return ops.sigmoid(x);
  }
}

/** x·min(max(x + 3, 0), 6)/6. */
export class Hardswish extends Layer {
  override forward(x: Tensor): Tensor {
    return ops.hswish(x);
  }
}

/** min(max(x + 3, 0), 6)/6. */
export class Hardsigmoid extends Layer {
  override forward(x: Tensor): Tensor {
    return ops.hsigmoid(x);
  }
}
