/** What is missing for models in the studio’s page. */
export function WithoutRuntime() {
  return (
    <p role="alert">
      Models cannot run in the page: install onnxruntime-web beside biasloss (
      <code>npm i onnxruntime-web</code>) and start the studio again.
    </p>
  );
}
