using System.Security.Cryptography;
using Shouldly;
using SyncFlow.Core;
using SyncFlow.Storage.Connections;
using Xunit;

namespace SyncFlow.Tests.Storage.Connections;

public sealed class CredentialVaultTests
{
    private static readonly TenantId Tenant = new(1);

    private static readonly ConnectionId Connection = new(2);

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
        var (old, young) = (new byte[32], new byte[32]);
        young[0] = 1;
        var text = new CredentialVault(new Dictionary<byte, byte[]> { [1] = old }, 1).Seal(Tenant, Connection, "s");
        var both = new CredentialVault(new Dictionary<byte, byte[]> { [1] = old, [2] = young }, 2);
        both.Open(Tenant, Connection, text).ShouldBe("s");
        both.Seal(Tenant, Connection, "s")[0].ShouldBe((byte)2);
        Should.Throw<CryptographicException>(() => new CredentialVault(new Dictionary<byte, byte[]> { [2] = young }, 2).Open(Tenant, Connection, text))
            .Message.ShouldContain("key 1");
    }

    [Theory]
    [InlineData("not base64")]
    [InlineData("AAAA")]
    public void A_wrong_key_is_refused(string key) => Should.Throw<ArgumentException>(() => CredentialVault.FromBase64(key)).Message.ShouldContain("32 bytes");
}
