// What one byte of a backup costs in hashing and encryption.
#include <benchmark/benchmark.h>

#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/crypto/signatures.hpp>
#include <peerstore/crypto/stream.hpp>

namespace peerstore::crypto {
namespace {

void bytes_processed(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}

void SealFrame(benchmark::State& state) {
  const SecretKey key{};
  const Bytes plain(kFramePlainBytes, 7);
  Bytes sealed(kFrameBytes);
  std::uint64_t index = 0;
  for (auto _ : state) seal_frame(key, index++, false, {}, plain, sealed);
  bytes_processed(state, kFrameBytes);
}
BENCHMARK(SealFrame);

void OpenFrame(benchmark::State& state) {
  const SecretKey key{};
  const Bytes plain(kFramePlainBytes, 7);
  Bytes sealed(kFrameBytes);
  Bytes opened(kFramePlainBytes);
  seal_frame(key, 0, false, {}, plain, sealed);
  for (auto _ : state) benchmark::DoNotOptimize(open_frame(key, 0, false, {}, sealed, opened));
  bytes_processed(state, kFrameBytes);
}
BENCHMARK(OpenFrame);

void MerkleLeafOfASegment(benchmark::State& state) {
  const Bytes segment(64 * 1024, 7);
  for (auto _ : state) benchmark::DoNotOptimize(merkle_leaf(segment));
  bytes_processed(state, segment.size());
}
BENCHMARK(MerkleLeafOfASegment);

void BlobId(benchmark::State& state) {
  const SecretKey key{};
  const Bytes blob(static_cast<std::size_t>(state.range(0)), 7);
  for (auto _ : state) benchmark::DoNotOptimize(keyed_hash(key, "blob id", {blob}));
  bytes_processed(state, blob.size());
}
BENCHMARK(BlobId)->Arg(4096)->Arg(1 << 20);

void VerifyAStatementForTheFirstTime(benchmark::State& state) {
  start();
  Ed25519Signatures signer;
  SeededEntropy entropy(1);
  const SigningKeyPair pair = signer.make_key_pair(entropy);
  const Bytes bytes(200, 7);
  const Signature signature = signer.sign(pair.secret_key, "bench", Hash{}, bytes);
  for (auto _ : state) {
    state.PauseTiming();
    Ed25519Signatures fresh;
    state.ResumeTiming();
    benchmark::DoNotOptimize(fresh.verify(pair.public_key, "bench", Hash{}, bytes, signature));
  }
}
BENCHMARK(VerifyAStatementForTheFirstTime);

}  // namespace
}  // namespace peerstore::crypto
