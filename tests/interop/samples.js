// RingCentral's documented samples, step by step, with its own JavaScript client. Run by tests/interop/run.py.
//
// Settings come from RC_SERVER_URL, RC_CLIENT_ID, RC_CLIENT_SECRET and RC_JWT, as in the documents.

"use strict";

const assert = require("assert");
const { SDK } = require("@ringcentral/sdk");

const A2P = "/restapi/v1.0/account/~/a2p-sms";
const EXTENSION = "/restapi/v1.0/account/~/extension/~";
const [ALICE, BOB, CAROL] = ["+14155550100", "+12125550100", "+16505550123"];
const PATIENCE_MS = 60000;
const HOURS_MS = 2 * 3600 * 1000;

const sdk = new SDK({
  server: process.env.RC_SERVER_URL,
  clientId: process.env.RC_CLIENT_ID,
  clientSecret: process.env.RC_CLIENT_SECRET,
});
const platform = sdk.platform();

// What a step learned for the next ones.
const known = { from: "", batches: [], message: "", letter: "" };

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const read = async (path, params) => (await platform.get(path, params)).json();
const count = (totals) => Object.values(totals).reduce((sum, part) => sum + part.count, 0);
const today = () => ({
  dateFrom: new Date(Date.now() - HOURS_MS).toISOString(),
  dateTo: new Date(Date.now() + HOURS_MS).toISOString(),
});

async function post(path, body) {
  const answer = await platform.post(path, body);
  const batch = await answer.json();
  assert.equal(answer.status, 201);
  assert.equal(batch.batchSize, body.messages.length);
  assert.deepEqual(batch.rejected, []);
  known.batches.push(batch.id);
  return `${batch.batchSize} accepted as ${batch.id}`;
}

const steps = {
  async "sign in"() {
    const signedIn = new Promise((resolve, reject) => {
      platform.on(platform.events.loginSuccess, resolve);
      platform.on(platform.events.loginError, reject);
    });
    await Promise.all([platform.login({ jwt: process.env.RC_JWT }), signedIn]);
    assert.ok(await platform.loggedIn());
    return "with a JWT";
  },

  async "find number"() {
    const { records } = await read(`${EXTENSION}/phone-number`);
    for (const record of records) {
      for (const feature of record.features) {
        if (feature === "A2PSmsSender") {
          known.from = record.phoneNumber;
          return record.phoneNumber;
        }
      }
    }
    throw new Error("no number has the feature A2PSmsSender");
  },

  async broadcast() {
    const messages = [{ to: [ALICE] }, { to: [BOB] }];
    return post(`${A2P}/batches`, { from: known.from, text: "Hello Team", messages });
  },

  async "broadcast older path"() {
    const messages = [{ to: [ALICE] }, { to: [BOB] }];
    return post(`${A2P}/batch`, { from: known.from, text: "Hello Team", messages });
  },

  async personalised() {
    const messages = [
      { to: [ALICE], text: "Hello Alice" },
      { to: [BOB], text: "Hello Bob" },
    ];
    return post(`${A2P}/batches`, { from: known.from, messages });
  },

  async mixed() {
    const messages = [{ to: [ALICE], text: "Hello Alice" }, { to: [BOB], text: "Hello Bob" }, { to: [CAROL] }];
    return post(`${A2P}/batches`, { from: known.from, text: "Hello Friend", messages });
  },

  async rejected() {
    const messages = [{ to: [ALICE] }, { to: ["+4088070206"] }];
    const answer = await platform.post(`${A2P}/batches`, { from: known.from, text: "Hello Team", messages });
    const batch = await answer.json();
    assert.equal(batch.rejected.length, 1);
    assert.equal(batch.rejected[0].index, 2);
    assert.deepEqual(batch.rejected[0].to, ["+4088070206"]);
    const again = await read(`${A2P}/batches/${batch.id}`);
    assert.deepEqual(again.rejected || [], [], "the list is told once");
    known.batches.push(batch.id);
    return `recipient 2, ${batch.rejected[0].errorCode}`;
  },

  async poll() {
    const end = Date.now() + PATIENCE_MS;
    const batchId = known.batches.at(-2);
    for (;;) {
      const batch = await read(`${A2P}/batches/${batchId}`);
      if (batch.status === "Completed") {
        assert.equal(batch.processedCount, 3);
        assert.equal(batch.batchSize, 3);
        assert.ok(batch.cost > 0);
        return `${batch.processedCount} of ${batch.batchSize}, cost ${batch.cost}`;
      }
      assert.ok(Date.now() < end, `still ${batch.status}`);
      await sleep(1000);
    }
  },

  async "list batches"() {
    const { records } = await read(`${A2P}/batches`, today());
    assert.deepEqual(records.map((batch) => batch.id).sort(), [...known.batches].sort());
    return `${records.length} today`;
  },

  async "list completed"() {
    const { records } = await read(`${A2P}/batches`, { ...today(), status: "Completed" });
    assert.ok(records.length > 0);
    for (const batch of records) assert.equal(batch.status, "Completed");
    return `${records.length} of status Completed`;
  },

  async messages() {
    const params = { view: "Simple", ...today(), phoneNumber: [known.from] };
    const { records } = await read(`${A2P}/messages`, params);
    assert.equal(records.length, 10);
    for (const one of records) {
      assert.equal(one.from, known.from);
      assert.equal(one.text, undefined);
    }
    return `${records.length} from the number`;
  },

  async "messages inbound"() {
    const params = { view: "Simple", ...today(), phoneNumber: [known.from], direction: ["Inbound"] };
    assert.deepEqual((await read(`${A2P}/messages`, params)).records, []);
    return "none came in";
  },

  async "messages of batch"() {
    const params = { batchId: known.batches.at(-2), view: "Detailed", ...today() };
    const { records } = await read(`${A2P}/messages`, params);
    const texts = Object.fromEntries(records.map((one) => [one.to[0], one.text]));
    assert.deepEqual(texts, { [ALICE]: "Hello Alice", [BOB]: "Hello Bob", [CAROL]: "Hello Friend" });
    known.message = String(records[0].id);
    return "each with its own text";
  },

  async "messages by page"() {
    const params = { ...today(), perPage: 4 };
    const seen = [];
    let pages = 0;
    do {
      const page = await read(`${A2P}/messages`, params);
      pages += 1;
      seen.push(...page.records.map((one) => String(one.id)));
      params.pageToken = page.paging.nextPageToken;
    } while (params.pageToken);
    assert.equal(seen.length, 10);
    assert.equal(new Set(seen).size, 10);
    return `${seen.length} on ${pages} pages`;
  },

  async statuses() {
    const totals = await read(`${A2P}/statuses`, { batchId: known.batches.at(-2) });
    assert.deepEqual(
      Object.keys(totals).sort(),
      ["delivered", "deliveryFailed", "queued", "sendingFailed", "sent"],
    );
    assert.equal(count(totals), 3);
    return `${totals.delivered.count} delivered, ${totals.sent.count} sent`;
  },

  async "statuses of numbers"() {
    const phoneNumber = [ALICE.slice(1), BOB.slice(1)];
    const totals = await read(`${A2P}/statuses`, { ...today(), phoneNumber, direction: ["Outbound"] });
    assert.equal(count(totals), 9);
    return "9 to two people";
  },

  async "one message"() {
    const found = await read(`${A2P}/messages/${known.message}`);
    assert.equal(String(found.id), known.message);
    assert.ok(found.text.startsWith("Hello"));
    return found.messageStatus;
  },

  async "message store"() {
    const params = { dateFrom: "2020-01-01T00:00:00.000Z", messageType: ["SMS"] };
    const { records, paging } = await read(`${EXTENSION}/message-store`, params);
    assert.ok(records.length > 0);
    for (const record of records) assert.equal(record.type, "SMS");
    assert.equal(paging.totalElements, records.length);
    known.letter = records[0].id;
    return `${records.length} texts`;
  },

  async "message store read"() {
    const path = `${EXTENSION}/message-store/${known.letter}`;
    for (const readStatus of ["Unread", "Read"]) {
      await platform.put(path, { readStatus });
      assert.equal((await read(path)).readStatus, readStatus);
    }
    return "unread, then read";
  },

  async "message store delete"() {
    const path = `${EXTENSION}/message-store/${known.letter}`;
    assert.equal((await platform.delete(path)).status, 204);
    assert.equal((await read(path)).availability, "Deleted");
    return "one text";
  },

  async "sign out"() {
    await platform.logout();
    assert.equal(await platform.auth().accessTokenValid(), false);
    return "the session is over";
  },
};

async function main() {
  const names = Object.keys(steps);
  for (const [index, name] of names.entries()) {
    const place = `  ${String(index + 1).padStart(2)}/${names.length} ${name}`;
    try {
      console.log(`${place}: ${await steps[name]()}`);
    } catch (problem) {
      console.log(`${place} FAILED: ${String(problem.message).split("\n")[0]}`);
      process.exit(1);
    }
  }
}

main();
