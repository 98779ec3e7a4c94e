// What cuDNN and cuBLAS do on a card: convolutions, their gradients and matrix products, of tensors with any strides.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {
enum Type : int64_t { F32, BF16 };
enum Arithmetic : int64_t { FULL, TF32, HALF };
enum Kind : int64_t { FORWARD, INPUT_GRAD, WEIGHT_GRAD };

struct Tensor {
  int64_t type, shape[4], strides[4];
};

struct Convolution {
  int64_t kind, arithmetic, relu, stride[2], padding[2], dilation[2], groups;
  Tensor image, filter, result;
};

struct Product {
  int64_t arithmetic;
  Tensor a, b, c;
};

// The nearest float whose lower bits are zero, the even one of two.
float withoutBits(float value, unsigned bits) {
  if (std::isnan(value)) return value;
  uint32_t word;
  memcpy(&word, &value, 4);
  word += (1u << (bits - 1)) - 1 + (word >> bits & 1);
  word &= ~((1u << bits) - 1);
  memcpy(&value, &word, 4);
  return value;
}

float rounded(float value, int64_t arithmetic) {
  return arithmetic == FULL ? value : withoutBits(value, arithmetic == TF32 ? 13 : 16);
}

float load(const Tensor &tensor, uintptr_t at, int64_t element) {
  if (tensor.type == F32) return reinterpret_cast<const float *>(at)[element];
  uint32_t word = static_cast<uint32_t>(reinterpret_cast<const uint16_t *>(at)[element]) << 16;
  float value;
  memcpy(&value, &word, 4);
  return value;
}

void store(const Tensor &tensor, uintptr_t at, int64_t element, double value) {
  float single = static_cast<float>(value);
  if (tensor.type == F32) {
    reinterpret_cast<float *>(at)[element] = single;
    return;
  }
  single = withoutBits(single, 16);
  uint32_t word;
  memcpy(&word, &single, 4);
  reinterpret_cast<uint16_t *>(at)[element] = static_cast<uint16_t>(word >> 16);
}

// Visits elements with their places in the tensor and in dense [N, H, W, C].
template <class Visit> void channelsLast(const Tensor &tensor, Visit visit) {
  const auto &[n, c, h, w] = tensor.shape;
  const auto &[sn, sc, sh, sw] = tensor.strides;
  int64_t dense = 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t y = 0; y < h; y++)
      for (int64_t x = 0; x < w; x++)
        for (int64_t k = 0; k < c; k++) visit(i * sn + y * sh + x * sw + k * sc, dense++);
}

// The same for a filter and dense [kh, kw, groups, C/groups, O/groups].
template <class Visit> void filterLast(const Tensor &filter, int64_t groups, Visit visit) {
  const auto &[o, c, h, w] = filter.shape;
  const auto &[so, sc, sh, sw] = filter.strides;
  int64_t dense = 0;
  for (int64_t y = 0; y < h; y++)
    for (int64_t x = 0; x < w; x++)
      for (int64_t g = 0; g < groups; g++)
        for (int64_t k = 0; k < c; k++)
          for (int64_t j = g * (o / groups); j < (g + 1) * (o / groups); j++)
            visit(j * so + k * sc + y * sh + x * sw, dense++);
}

int64_t elements(const Tensor &t) { return t.shape[0] * t.shape[1] * t.shape[2] * t.shape[3]; }

// One pixel of a group: channels c of the image, o of the result, and the filter [c, o] at a tap.
template <int64_t kind>
void multiply(double *__restrict__ image, double *__restrict__ filter, double *__restrict__ result, int64_t c, int64_t o) {
  for (int64_t k = 0; k < c; k++, filter += o) {
    double value = image[k], sum = 0;
    for (int64_t j = 0; j < o; j++) {
      if (kind == FORWARD) result[j] += value * filter[j];
      if (kind == INPUT_GRAD) sum += result[j] * filter[j];
      if (kind == WEIGHT_GRAD) filter[j] += value * result[j];
    }
    if (kind == INPUT_GRAD) image[k] += sum;
  }
}

// One pixel and one tap of a convolution with as many groups as channels and outputs.
template <int64_t kind>
void multiplyDepthwise(double *__restrict__ image, double *__restrict__ filter, double *__restrict__ result, int64_t channels) {
  for (int64_t k = 0; k < channels; k++) {
    if (kind == FORWARD) result[k] += image[k] * filter[k];
    if (kind == INPUT_GRAD) image[k] += result[k] * filter[k];
    if (kind == WEIGHT_GRAD) filter[k] += image[k] * result[k];
  }
}

template <int64_t kind> void convolve(const Convolution &spec, double *image, double *filter, double *result) {
  const auto &[n, channels, h, w] = spec.image.shape;
  const auto &[outputs, c, kh, kw] = spec.filter.shape;
  int64_t oh = spec.result.shape[2], ow = spec.result.shape[3], o = outputs / spec.groups;
  for (int64_t ky = 0; ky < kh; ky++)
    for (int64_t kx = 0; kx < kw; kx++)
      for (int64_t i = 0; i < n; i++)
        for (int64_t oy = 0; oy < oh; oy++) {
          int64_t y = oy * spec.stride[0] - spec.padding[0] + ky * spec.dilation[0];
          if (y < 0 || y >= h) continue;
          for (int64_t ox = 0; ox < ow; ox++) {
            int64_t x = ox * spec.stride[1] - spec.padding[1] + kx * spec.dilation[1];
            if (x < 0 || x >= w) continue;
            double *imagePixel = image + ((i * h + y) * w + x) * channels;
            double *resultPixel = result + ((i * oh + oy) * ow + ox) * outputs;
            double *tap = filter + (ky * kw + kx) * outputs * c;
            if (c == 1 && o == 1) multiplyDepthwise<kind>(imagePixel, tap, resultPixel, channels);
            else for (int64_t g = 0; g < spec.groups; g++)
              multiply<kind>(imagePixel + g * c, tap + g * c * o, resultPixel + g * o, c, o);
          }
        }
}

double finish(const Convolution &spec, double value, int64_t dense, int64_t at, uintptr_t bias, uintptr_t addend) {
  if (bias) value += reinterpret_cast<const float *>(bias)[dense % spec.filter.shape[0]];
  if (addend) value += load(spec.result, addend, at);
  return spec.relu && value < 0 ? 0 : value;
}
} // namespace

extern "C" {

void emulator_convolution(
    const Convolution *given, uintptr_t image, uintptr_t filter, uintptr_t result, uintptr_t bias, uintptr_t addend) {
  const Convolution &spec = *given;
  std::vector<double> images(elements(spec.image)), filters(elements(spec.filter)), results(elements(spec.result));
  auto loading = [&](const Tensor &tensor, uintptr_t from, std::vector<double> &to) {
    return [&, from](int64_t at, int64_t dense) { to[dense] = rounded(load(tensor, from, at), spec.arithmetic); };
  };
  if (spec.kind != INPUT_GRAD) channelsLast(spec.image, loading(spec.image, image, images));
  if (spec.kind != FORWARD) channelsLast(spec.result, loading(spec.result, result, results));
  if (spec.kind != WEIGHT_GRAD) filterLast(spec.filter, spec.groups, loading(spec.filter, filter, filters));
  if (spec.kind == FORWARD) {
    convolve<FORWARD>(spec, images.data(), filters.data(), results.data());
    channelsLast(spec.result, [&](int64_t at, int64_t dense) {
      store(spec.result, result, at, finish(spec, results[dense], dense, at, bias, addend));
    });
  } else if (spec.kind == INPUT_GRAD) {
    convolve<INPUT_GRAD>(spec, images.data(), filters.data(), results.data());
    channelsLast(spec.image, [&](int64_t at, int64_t dense) { store(spec.image, image, at, images[dense]); });
  } else {
    convolve<WEIGHT_GRAD>(spec, images.data(), filters.data(), results.data());
    filterLast(spec.filter, spec.groups, [&](int64_t at, int64_t dense) { store(spec.filter, filter, at, filters[dense]); });
  }
}

void emulator_product(const Product *given, uintptr_t a, uintptr_t b, uintptr_t c) {
  const Product &spec = *given;
  int64_t rows = spec.a.shape[0], inner = spec.a.shape[1], columns = spec.b.shape[1];
  std::vector<double> right(inner * columns), sums(columns);
  for (int64_t k = 0; k < inner; k++)
    for (int64_t j = 0; j < columns; j++)
      right[k * columns + j] = rounded(load(spec.b, b, k * spec.b.strides[0] + j * spec.b.strides[1]), spec.arithmetic);
  for (int64_t i = 0; i < rows; i++) {
    sums.assign(columns, 0);
    for (int64_t k = 0; k < inner; k++) {
      double left = rounded(load(spec.a, a, i * spec.a.strides[0] + k * spec.a.strides[1]), spec.arithmetic);
      for (int64_t j = 0; j < columns; j++) sums[j] += left * right[k * columns + j];
    }
    for (int64_t j = 0; j < columns; j++) store(spec.c, c, i * spec.c.strides[0] + j * spec.c.strides[1], sums[j]);
  }
}
}
