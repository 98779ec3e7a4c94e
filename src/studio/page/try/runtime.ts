/** URL of the folder with onnxruntime-web's files, beside the page. */
export function runtimeFolder(): string {
  return new URL('ort/', document.baseURI).href;
}
