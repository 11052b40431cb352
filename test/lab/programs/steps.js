// What steps.py does, in JavaScript: a step ten times a second, from what it is told when it starts. Its number is to be
// found in its memory, as ten digits after the word.
const [, , number, what] = process.argv;
const order = { number: Number(number), what, mark: Buffer.from(`${what} ${number.padStart(10, "0")}`) };

function step(order, by) {
  let before = order.number;
  order.number = before + by;
  order.mark.write(String(order.number).padStart(10, "0"), order.mark.length - 10);
  return order.number;
}

setInterval(() => step(order, 2), 100);
