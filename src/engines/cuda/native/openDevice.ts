import { cacheFolder } from '../../../cacheFolder.js';
import { UserError } from '../../../errors.js';
import { Choices, choicesFile } from '../../cache/choices.js';
import { countsFrom, readTuneMode, type TuneMode } from '../../cache/tuneMode.js';
import type { ConvolutionPointers, Device } from '../device.js';
import { PlanTimer } from './algorithms/planTimer.js';
import { Selection } from './algorithms/selection.js';
import { Convolutions } from './convolutions.js';
import { CublasLt } from './cublaslt/cublasLt.js';
import { type ProductPointers, Products } from './cublaslt/products.js';
import { CudaDevice, type DeviceProperties } from './cudaDevice.js';
import { Cudnn, readVersion } from './cudnn/cudnn.js';
import { ATTRIBUTE, Driver } from './driver/driver.js';
import { KernelCompiler } from './kernels/kernelCompiler.js';
import { bindNvrtc } from './kernels/nvrtc.js';
import { type CudaLibraries, loadDriver, loadLibraries } from './library/cudaLibraries.js';
import { randomPattern } from './randomPattern.js';

/** Oldest compute capability, as 70 for 7.0: what CUDA 12 and cuDNN 9 both support. */
const OLDEST_CAPABILITY = 70;

/**
 * Opens the first NVIDIA GPU, with the libraries that are found. Everything must be called from the thread that opened it.
 *
 * @throws UserError when there is no GPU, or the driver or a library is missing or too old
 */
export function openDevice(environment: Readonly<Record<string, string | undefined>> = process.env): Device {
  const mode = readTuneMode(environment);
  const driver = new Driver(loadDriver(environment).handle);
  driver.initialize();
  const version = driver.version();
  const properties = firstDevice(driver);
  const libraries = loadLibraries(environment, version);
  driver.retainContext(properties.ordinal);
  try {
    return withLibraries(new CudaDevice(driver, properties), libraries, properties, version, mode);
  } catch (error) {
    driver.releaseContext(properties.ordinal);
    throw error;
  }
}

function firstDevice(driver: Driver): DeviceProperties {
  if (driver.deviceCount() === 0)
    throw new UserError('no NVIDIA GPU was found (CUDA_VISIBLE_DEVICES may hide it)');
  const ordinal = 0;
  const read = (attribute: number): number => driver.attribute(ordinal, attribute);
  const properties = {
    ordinal,
    name: driver.deviceName(ordinal),
    multiprocessors: read(ATTRIBUTE.multiprocessors),
    capability: 10 * read(ATTRIBUTE.capabilityMajor) + read(ATTRIBUTE.capabilityMinor),
  };
  if (properties.capability < OLDEST_CAPABILITY)
    throw new UserError(
      `${properties.name} has compute capability ${properties.capability / 10}; this engine needs ${OLDEST_CAPABILITY / 10}.0 or newer`,
    );
  return properties;
}

function withLibraries(
  device: CudaDevice,
  libraries: CudaLibraries,
  properties: DeviceProperties,
  driverVersion: number,
  mode: TuneMode,
): Device {
  const nvrtc = bindNvrtc(libraries.nvrtc.handle, libraries.compilesInParallel);
  const cudnnVersion = readVersion(libraries.cudnn.handle);
  const cudnn = Cudnn.open(libraries.cudnn.handle, device.stream);
  const cublasLt = new CublasLt(libraries.cublasLt.handle, () => device.stream);
  const timer = timerOf(device);
  const { name, multiprocessors } = properties;
  const versions = [cudnnVersion, cublasLt.version];
  const choices = new Choices(choicesFile('cuda', [name, multiprocessors, versions]), countsFrom(mode));
  const [ofConvolutions, ofProducts] = [
    new Selection<ConvolutionPointers>(timer, choices),
    new Selection<ProductPointers>(timer, choices),
  ];
  device.use({
    versions: `driver for CUDA ${asVersion(driverVersion)}, NVRTC ${nvrtc.version}, cuDNN ${cudnnVersion}, cuBLASLt ${cublasLt.version}`,
    compiler: new KernelCompiler(nvrtc, properties.capability, cacheFolder('cuda')),
    choices: mode === 'off' ? undefined : choices,
    convolutions: new Convolutions(cudnn, cublasLt, ofConvolutions),
    products: new Products(cublasLt, ofProducts),
    useStream: (stream) => cudnn.useStream(stream),
    release: () => timer.release(),
    close: () => {
      timer.release();
      ofConvolutions.close();
      ofProducts.close();
      cublasLt.close();
      cudnn.close();
    },
  });
  return device;
}

/** Measures on a device. */
function timerOf(device: CudaDevice): PlanTimer {
  const pattern = randomPattern();
  return new PlanTimer({
    allocate: (bytes) => device.allocate(bytes),
    free: (pointer) => device.free(pointer),
    capture: (body) => device.capture(body),
    time: (body) => device.time(body),
    fill: (pointer, bytes) => {
      const length = Math.min(pattern.length, bytes);
      device.upload(pointer, pattern.subarray(0, length));
      device.repeat(pointer, length, bytes);
    },
  });
}

/** `13.0` of 13000. */
function asVersion(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor(version / 10) % 100}`;
}
