// Asks Microsoft's JavaScript client whether a Service Bus behaves as it expects.
// SERVICEBUS_CONNECTION names the service. Its queues, which must be empty:
//   conformance      locks of 5 s, 3 deliveries
//   conformance-dup  duplicate detection

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceBusClient } from "@azure/service-bus";

const connection = process.env.SERVICEBUS_CONNECTION;
if (!connection) throw new Error("SERVICEBUS_CONNECTION is not set");
const queue = process.env.SERVICEBUS_QUEUE ?? "conformance";
const uniqueQueue = process.env.SERVICEBUS_UNIQUE_QUEUE ?? "conformance-dup";

const soon = { maxWaitTimeInMs: 10_000 };
const atOnce = { maxWaitTimeInMs: 500 };

// Short retries, so that a failure fails soon.
const retryOptions = { maxRetries: 1, timeoutInMs: 10_000, retryDelayInMs: 500 };

describe("a queue, seen by @azure/service-bus", { timeout: 120_000 }, () => {
  let client, sender, receiver, dead;

  before(() => {
    client = new ServiceBusClient(connection, { retryOptions });
    sender = client.createSender(queue);
    // The client would go on renewing locks by itself.
    receiver = client.createReceiver(queue, { maxAutoLockRenewalDurationInMs: 0 });
    dead = client.createReceiver(queue, { subQueueType: "deadLetter" });
  });
  after(() => client.close());

  // What a failed test leaves behind must not fail the next one.
  afterEach(async () => {
    const fresh = client.createReceiver(queue); // it peeks from the start
    const left = await fresh.peekMessages(1);
    await fresh.close();
    if (left.length === 0) return;
    await sleep(5_500);
    const purge = client.createReceiver(queue, { receiveMode: "receiveAndDelete" });
    while ((await purge.receiveMessages(100, atOnce)).length > 0);
    await purge.close();
  });

  async function receive(from = receiver, options = soon) {
    const [message] = await from.receiveMessages(1, options);
    assert.ok(message, "a message within the time");
    return message;
  }

  async function expectNothing(from = receiver) {
    assert.deepEqual(await from.receiveMessages(1, atOnce), []);
  }

  it("sends, receives and completes with every property", async () => {
    const sent = {
      body: { text: "hällo", n: 1 },
      messageId: "id",
      contentType: "application/json",
      correlationId: "correlation",
      subject: "subject",
      to: "to",
      replyTo: "reply",
      timeToLive: 3_600_000,
      applicationProperties: { text: "x", n: 42, yes: true },
    };
    await sender.sendMessages(sent);
    const got = await receive();
    for (const name of Object.keys(sent)) assert.deepEqual(got[name], sent[name], name);
    assert.equal(got.deliveryCount, 0);
    assert.equal(got.state, "active");
    assert.ok(got.sequenceNumber.greaterThan(0));
    assert.ok(Math.abs(got.enqueuedTimeUtc - Date.now()) < 60_000);
    assert.ok(got.expiresAtUtc - got.enqueuedTimeUtc === sent.timeToLive);
    await receiver.completeMessage(got);
    await expectNothing();
  });

  it("gives a message without an id one", async () => {
    await sender.sendMessages({ body: "x" });
    const got = await receive();
    assert.ok(got.messageId);
    await receiver.completeMessage(got);
  });

  it("takes batches apart", async () => {
    const batch = await sender.createMessageBatch();
    assert.equal(batch.maxSizeInBytes, 256 * 1024);
    for (let i = 0; i < 20; i++) assert.ok(batch.tryAddMessage({ body: i, messageId: `b${i}` }));
    assert.equal(batch.tryAddMessage({ body: "x".repeat(300_000) }), false);
    await sender.sendMessages(batch);
    const got = await receiver.receiveMessages(20, soon);
    assert.deepEqual(got.map((m) => m.body), [...Array(20).keys()]);
    for (const m of got) await receiver.completeMessage(m);
  });

  it("carries a message of many frames", async () => {
    const body = Buffer.alloc(200_000, "0123456789");
    await sender.sendMessages({ body });
    const got = await receive();
    assert.ok(body.equals(got.body));
    await receiver.completeMessage(got);
  });

  it("refuses a message that is too large", async () => {
    await assert.rejects(sender.sendMessages({ body: Buffer.alloc(300_000) }), { code: "MessageSizeExceeded" });
  });

  it("delivers scheduled messages in time, but not canceled ones", async () => {
    const due = new Date(Date.now() + 2_000);
    const [kept, canceled] = await sender.scheduleMessages(
      [{ body: "kept", messageId: "kept" }, { body: "canceled", messageId: "canceled" }], due);
    await sender.cancelScheduledMessages(canceled);
    const peeked = await receiver.peekMessages(5);
    assert.deepEqual(peeked.map((m) => [m.messageId, m.state]), [["kept", "scheduled"]]);
    assert.ok(peeked[0].sequenceNumber.equals(kept));
    const got = await receive();
    assert.equal(got.body, "kept");
    assert.ok(Date.now() >= due.getTime(), "not before its time");
    await receiver.completeMessage(got);
    await expectNothing();
    await assert.rejects(sender.cancelScheduledMessages(canceled), { code: "MessageNotFound" });
  });

  it("redelivers what is abandoned, with its changes, and buries it in the end", async () => {
    await sender.sendMessages({ body: "a", messageId: "a" });
    for (let i = 0; i < 3; i++) {
      const got = await receive();
      assert.equal(got.deliveryCount, i);
      assert.equal(got.applicationProperties?.attempt, i === 0 ? undefined : i - 1);
      await receiver.abandonMessage(got, { attempt: i });
    }
    await expectNothing();
    const buried = await receive(dead);
    assert.equal(buried.deadLetterReason, "MaxDeliveryCountExceeded");
    assert.equal(buried.deadLetterSource, queue);
    await dead.completeMessage(buried);
    await expectNothing(dead);
  });

  it("dead-letters with a reason", async () => {
    await sender.sendMessages({ body: "a" });
    await receiver.deadLetterMessage(await receive(), {
      deadLetterReason: "NotUnderstood", deadLetterErrorDescription: "line 1", seen: "yes",
    });
    const buried = await receive(dead);
    assert.equal(buried.deadLetterReason, "NotUnderstood");
    assert.equal(buried.deadLetterErrorDescription, "line 1");
    assert.equal(buried.applicationProperties.seen, "yes");
    await dead.completeMessage(buried);
  });

  it("keeps deferred messages until they are asked for", async () => {
    await sender.sendMessages({ body: "later" });
    const got = await receive();
    await receiver.deferMessage(got, { why: "later" });
    await expectNothing();
    const [deferred] = await receiver.receiveDeferredMessages(got.sequenceNumber);
    assert.equal(deferred.body, "later");
    assert.equal(deferred.state, "deferred");
    assert.equal(deferred.applicationProperties.why, "later");
    await receiver.renewMessageLock(deferred);
    await receiver.completeMessage(deferred);
    await assert.rejects(receiver.receiveDeferredMessages(got.sequenceNumber), { code: "MessageNotFound" });
  });

  it("peeks without touching", async () => {
    await sender.sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const first = await receiver.peekMessages(2);
    assert.deepEqual(first.map((m) => m.body), [1, 2]);
    const rest = await receiver.peekMessages(5, { fromSequenceNumber: first[1].sequenceNumber.add(1) });
    assert.deepEqual(rest.map((m) => m.body), [3]);
    const got = await receiver.receiveMessages(3, soon);
    assert.deepEqual(got.map((m) => m.deliveryCount), [0, 0, 0]);
    for (const m of got) await receiver.completeMessage(m);
    assert.deepEqual(await receiver.peekMessages(5), []);
  });

  it("renews locks, and takes lapsed ones away", async () => {
    await sender.sendMessages({ body: "a" });
    const got = await receive();
    const until = got.lockedUntilUtc.getTime();
    await sleep(1_500);
    const renewed = await receiver.renewMessageLock(got);
    assert.ok(renewed.getTime() >= until + 1_000, `${renewed.toISOString()} is later`);
    const again = await receive(); // waits for the lock to lapse
    assert.equal(again.deliveryCount, 1);
    await assert.rejects(receiver.completeMessage(got), { code: "MessageLockLost" });
    await assert.rejects(receiver.renewMessageLock(got), { code: "MessageLockLost" });
    await receiver.completeMessage(again);
  });

  it("deletes on receipt when asked to", async () => {
    const deleting = client.createReceiver(queue, { receiveMode: "receiveAndDelete" });
    await sender.sendMessages({ body: "a" });
    assert.equal((await receive(deleting)).body, "a");
    await deleting.close();
    assert.deepEqual(await receiver.peekMessages(5), []);
  });

  it("pushes to subscribers", async () => {
    const bodies = [];
    const pushed = client.createReceiver(queue);
    const all = new Promise((resolve, reject) => {
      pushed.subscribe({
        processMessage: async (m) => { if (bodies.push(m.body) === 10) resolve(); },
        processError: async ({ error }) => reject(error),
      }, { maxConcurrentCalls: 2 });
    });
    for (let i = 0; i < 10; i++) await sender.sendMessages({ body: i });
    await all;
    await pushed.close();
    assert.deepEqual(bodies.toSorted((a, b) => a - b), [...Array(10).keys()]);
    await expectNothing();
  });

  it("drops duplicates", async () => {
    const unique = client.createSender(uniqueQueue);
    const from = client.createReceiver(uniqueQueue);
    await unique.sendMessages({ body: "first", messageId: "same" });
    await unique.sendMessages({ body: "second", messageId: "same" });
    const got = await receive(from);
    assert.equal(got.body, "first");
    await from.completeMessage(got);
    await expectNothing(from);
  });

  it("knows no other queue", async () => {
    const nowhere = client.createSender("nowhere");
    await assert.rejects(nowhere.sendMessages({ body: "a" }), { code: "MessagingEntityNotFound" });
  });
});
