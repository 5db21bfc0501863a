using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Shouldly;
using SyncFlow.Channels.Shopify;
using Xunit;

namespace SyncFlow.Tests.Channels;

public sealed class SessionTokenTests
{
    private const string App = "client-id";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);

    private static readonly byte[] Secret = Encoding.UTF8.GetBytes("client secret");

    [Fact]
    public void A_good_token_names_shop_and_user()
    {
        var session = Verify(Token(), out _).ShouldNotBeNull();
        (session.Shop, session.UserId, session.SessionId, session.TokenId).ShouldBe(("alpine.myshopify.com", "42", "session", "token-1"));
        session.ExpiresAt.ShouldBe(Now.AddSeconds(60));
    }

    [Fact]
    public void After_a_change_of_secrets_tokens_of_the_one_before_still_hold()
    {
        byte[] young = [1, 2, 3];
        ShopifySessionToken.Verify(Token(), App, [young, Secret], Now, out _).ShouldNotBeNull();
        ShopifySessionToken.Verify(Token(), App, [young], Now, out var fault).ShouldBeNull();
        fault.ShouldBe(SessionTokenFault.WrongSignature);
        ShopifySessionToken.Verify(Token(secret: []), App, [[]], Now, out fault).ShouldBeNull("an empty secret signs nothing");
        fault.ShouldBe(SessionTokenFault.WrongSignature);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS384")]
    [InlineData("RS256")]
    [InlineData("hs256")]
    public void Only_HS256_counts_whatever_the_header_says(string algorithm)
    {
        Verify(Token(algorithm: algorithm), out var fault).ShouldBeNull();
        fault.ShouldBe(SessionTokenFault.WrongAlgorithm);
        var unsigned = Token(algorithm: algorithm);
        Verify(unsigned[..(unsigned.LastIndexOf('.') + 1)], out _).ShouldBeNull();
    }

    [Theory]
    [InlineData("aud", "another-app", SessionTokenFault.WrongAudience)]
    [InlineData("dest", "https://other.myshopify.com", SessionTokenFault.WrongShop)]
    [InlineData("iss", "https://other.myshopify.com/admin", SessionTokenFault.WrongShop)]
    [InlineData("iss", "https://alpine.myshopify.com", SessionTokenFault.WrongShop)]
    [InlineData("dest", "http://alpine.myshopify.com", SessionTokenFault.WrongShop)]
    [InlineData("dest", "https://alpine.myshopify.com.evil.example", SessionTokenFault.WrongShop)]
    [InlineData("dest", "https://evil.example/alpine.myshopify.com", SessionTokenFault.WrongShop)]
    [InlineData("dest", "https://evil.example#alpine.myshopify.com", SessionTokenFault.WrongShop)]
    [InlineData("dest", "https://user@alpine.myshopify.com", SessionTokenFault.WrongShop)]
    [InlineData("dest", "https://alpine.myshopify.com\n", SessionTokenFault.WrongShop)]
    [InlineData("sub", "", SessionTokenFault.Malformed)]
    [InlineData("jti", "", SessionTokenFault.Malformed)]
    public void A_claim_that_is_not_as_it_must_be_refuses_the_token(string claim, string value, SessionTokenFault expected)
    {
        Verify(Token(claims => claims[claim] = $"\"{value.Replace("\n", "\\n", StringComparison.Ordinal)}\""), out var fault).ShouldBeNull();
        fault.ShouldBe(expected);
    }

    [Theory]
    [InlineData(-71, false)]
    [InlineData(-69, true)]
    [InlineData(9, true)]
    [InlineData(11, false)]
    public void Clocks_may_be_ten_seconds_apart_and_not_more(int secondsUntilBegin, bool holds)
    {
        var begins = Now.AddSeconds(secondsUntilBegin);
        var token = Token(claims =>
        {
            claims["nbf"] = $"{begins.ToUnixTimeSeconds()}";
            claims["exp"] = $"{begins.AddSeconds(60).ToUnixTimeSeconds()}";
        });
        (Verify(token, out var fault) is not null).ShouldBe(holds, fault.ToString());
    }

    [Theory]
    [InlineData("exp", "\"1790000060\"")]
    [InlineData("exp", "1e300")]
    [InlineData("exp", "-1")]
    [InlineData("nbf", "null")]
    [InlineData("aud", "[\"client-id\"]")]
    public void A_claim_of_another_type_refuses_the_token(string claim, string json) =>
        Verify(Token(claims => claims[claim] = json), out _).ShouldBeNull();

    [Fact]
    public void Every_changed_letter_is_noticed_and_broken_texts_are_refused()
    {
        var token = Token();
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            var other = new string(changed);
            if (other != token && !SameBytes(other, token))
            {
                Verify(other, out _).ShouldBeNull($"letter {i}");
            }
        }

        foreach (var text in new[] { "", ".", "..", "a.b.c", "a.b", token + ".x", new string('a', 5_000), $"{token} ", "e30.e30.e30", "W10.W10.W10" })
        {
            Verify(text, out _).ShouldBeNull(text);
        }
    }

    /// <summary>The last letter of a base64url part may hold bits that mean nothing.</summary>
    private static bool SameBytes(string one, string two)
    {
        var (a, b) = (one.Split('.'), two.Split('.'));
        return a.Length == 3 && a[0] == b[0] && a[1] == b[1]
            && Base64Url.IsValid(a[2]) && Base64Url.DecodeFromChars(a[2]).AsSpan().SequenceEqual(Base64Url.DecodeFromChars(b[2]));
    }

    private static ShopifySession? Verify(string token, out SessionTokenFault fault) => ShopifySessionToken.Verify(token, App, [Secret], Now, out fault);

    internal static string Token(
        Action<Dictionary<string, string>>? change = null, string algorithm = "HS256", byte[]? secret = null, DateTimeOffset? now = null,
        string shop = "alpine.myshopify.com", string app = App)
    {
        var at = now ?? Now;
        var claims = new Dictionary<string, string>
        {
            ["iss"] = $"\"https://{shop}/admin\"",
            ["dest"] = $"\"https://{shop}\"",
            ["aud"] = $"\"{app}\"",
            ["sub"] = "\"42\"",
            ["exp"] = $"{at.AddSeconds(60).ToUnixTimeSeconds()}",
            ["nbf"] = $"{at.ToUnixTimeSeconds()}",
            ["jti"] = "\"token-1\"",
            ["sid"] = "\"session\"",
        };
        change?.Invoke(claims);
        string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
        var signed = Part($$"""{"alg":"{{algorithm}}","typ":"JWT"}""") + "." + Part($"{{{string.Join(',', claims.Select(c => $"\"{c.Key}\":{c.Value}"))}}}");
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret ?? Secret, Encoding.ASCII.GetBytes(signed)))}";
    }
}
