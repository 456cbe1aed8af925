// Asks a model of a table that was exported as ONNX, in Node: node predict.mjs MODEL.onnx COLUMN=VALUE ...
//
// Columns that are not given are missing. Needs `npm install onnxruntime-node` alone.
import * as ort from "onnxruntime-node";

const [model, ...words] = process.argv.slice(2);
const session = await ort.InferenceSession.create(model);
const given = new Map(words.map((word) => word.split(/=(.*)/s).slice(0, 2)));
const feeds = {};
for (const column of session.inputMetadata) {
  const text = given.get(column.name) ?? "";
  feeds[column.name] = column.type === "string"
    ? new ort.Tensor("string", [text], [1, 1])
    : new ort.Tensor("float64", [text === "" ? NaN : Number(text)], [1, 1]);
}
const answers = await session.run(feeds);
for (const name of session.outputNames) console.log(name, Array.from(answers[name].data));
