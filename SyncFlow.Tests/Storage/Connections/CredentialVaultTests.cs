using System.Security.Cryptography;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Connections;
using SyncFlow.Storage.Secrets;
using SyncFlow.Tests.Storage.Secrets;
using Xunit;

namespace SyncFlow.Tests.Storage.Connections;

public sealed class CredentialVaultTests
{
    private static readonly TenantId Tenant = new(1);

    private static readonly ConnectionId Connection = new(2);

    private static readonly byte[] Old = new byte[32];

    private static readonly byte[] Young = [1, .. new byte[31]];

    private readonly CredentialVault vault = CredentialVault.FromBase64(Convert.ToBase64String(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));

    [Fact]
    public void What_is_sealed_opens_for_its_connection_alone_and_never_looks_the_same()
    {
        var text = vault.Seal(Tenant, Connection, "shpat_ü");
        vault.Open(Tenant, Connection, text).ShouldBe("shpat_ü");
        vault.Seal(Tenant, Connection, "shpat_ü").ShouldNotBe(text);
        Should.Throw<CryptographicException>(() => vault.Open(Tenant, new ConnectionId(3), text));
        Should.Throw<CryptographicException>(() => vault.Open(new TenantId(9), Connection, text));
    }

    [Fact]
    public void A_changed_byte_anywhere_is_noticed()
    {
        var text = vault.Seal(Tenant, Connection, "secret");
        for (var i = 0; i < text.Length; i++)
        {
            var changed = (byte[])text.Clone();
            changed[i] ^= 1;
            Should.Throw<CryptographicException>(() => vault.Open(Tenant, Connection, changed));
        }

        Should.Throw<CryptographicException>(() => vault.Open(Tenant, Connection, text.AsSpan(0, 10)));
    }

    [Fact]
    public void An_older_key_still_opens_after_a_newer_one_seals()
    {
        var text = new CredentialVault(new Dictionary<string, byte[]> { ["2025"] = Old }, "2025").Seal(Tenant, Connection, "s");
        var both = new CredentialVault(new Dictionary<string, byte[]> { ["2025"] = Old, ["2026"] = Young }, "2026");
        both.Open(Tenant, Connection, text).ShouldBe("s");
        (both.IsCurrent(text), both.IsCurrent(both.Seal(Tenant, Connection, "s"))).ShouldBe((false, true));
        Should.Throw<CryptographicException>(() => new CredentialVault(new Dictionary<string, byte[]> { ["2026"] = Young }, "2026").Open(Tenant, Connection, text))
            .Message.ShouldContain("key 2025");
    }

    [Fact]
    public void What_was_sealed_before_envelopes_still_opens_and_is_not_current()
    {
        var keys = new CredentialVault(new Dictionary<string, byte[]> { ["1"] = Old }, "1");
        var text = OlderLayout.Seal(Old, 1, Tenant.Value, Connection.Value, "shpat_older");
        keys.Open(Tenant, Connection, text).ShouldBe("shpat_older");
        keys.IsCurrent(text).ShouldBeFalse();
        Should.Throw<CryptographicException>(() => keys.Open(Tenant, new ConnectionId(3), text));
    }

    [Fact]
    public void A_secret_for_one_purpose_does_not_open_for_another()
    {
        var text = vault.Seal(SecretOwner.Webhook(Tenant, Connection), "shpss");
        vault.Open(SecretOwner.Webhook(Tenant, Connection), text).ShouldBe("shpss");
        Should.Throw<CryptographicException>(() => vault.Open(SecretOwner.Credential(Tenant, Connection), text));
    }

    [Fact]
    public void Two_secrets_never_share_a_data_key()
    {
        var (one, two) = (vault.Seal(Tenant, Connection, "same"), vault.Seal(Tenant, Connection, "same"));
        var head = 3; // Marker, length of the id "1", the id; then the wrapped data key.
        one.AsSpan(head, 60).SequenceEqual(two.AsSpan(head, 60)).ShouldBeFalse();

        // The data key of the one does not open the text of the other.
        byte[] mixed = [.. one[..(head + 60)], .. two[(head + 60)..]];
        Should.Throw<CryptographicException>(() => vault.Open(Tenant, Connection, mixed));
    }

    [Theory]
    [InlineData("not base64")]
    [InlineData("AAAA")]
    public void A_wrong_key_is_refused(string key) => Should.Throw<ArgumentException>(() => CredentialVault.FromBase64(key)).Message.ShouldContain("32 bytes");
}
