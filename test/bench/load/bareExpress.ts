/** What a signed-in request is held against: Express 5 with JSON parsing and helmet, and an answer of the same size. No log, no sign-in. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import helmet from 'helmet';

const answer = JSON.parse(process.env['BENCH_ANSWER'] ?? '{}') as object;
const app = express();
app.use(helmet());
app.use(express.json());
app.get('/api/v1/session', (_request, response) => void response.json(answer));
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ ready: true, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.once('SIGTERM', () => process.exit());
process.once('disconnect', () => process.exit());
